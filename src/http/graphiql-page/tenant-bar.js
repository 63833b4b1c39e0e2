/**
 * What GraphiQL opens with as the chosen tenant. Each tenant has tabs of its own, which this browser remembers: its worked
 * examples at first, with its token in the headers of each. A tab of one's own goes along to the tenant one switches to.
 */
globalThis.openAsTenant = function openAsTenant(options, tenants) {
  const prefix = 'tessera-graphiql:';
  const wished = new URL(location.href).searchParams.get('tenant') ?? localStorage.getItem(`${prefix}tenant`);
  // GraphiQL writes down what it shows a moment later, be it after it was told to forget it.
  let isLeaving = false;
  const chosen = tenants.find(({ name }) => name === wished) ?? tenants[0];
  localStorage.setItem(`${prefix}tenant`, chosen.name);
  const storage = storageOf(chosen);
  if (!storage.getItem('graphiql:tabState')) seed(chosen);
  renewTokens(chosen);
  document.body.prepend(bar());
  return { ...options, storage, defaultHeaders: toText(chosen.headers), headers: toText(chosen.headers) };

  /** Settings of the page are everybody's; tabs and what is in them are a tenant's. */
  function storageOf({ name }) {
    const keyOf = (key) => `${prefix}${/theme|visiblePlugin|Persist/.test(key) ? '' : `${name}:`}${key}`;
    return {
      getItem: (key) => localStorage.getItem(keyOf(key)),
      setItem: (key, value) => {
        if (!isLeaving) localStorage.setItem(keyOf(key), value);
      },
      removeItem: (key) => localStorage.removeItem(keyOf(key)),
      clear: () => forget(name),
      get length() {
        return localStorage.length;
      },
    };
  }

  function forget(name) {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(`${prefix}${name}:`)) localStorage.removeItem(key);
    }
  }

  /** Puts the worked examples into a tenant's tabs, and one of its own in front where there is one. */
  function seed(tenant, front) {
    const tabs = tenant.tabs.map(({ query, variables }) => newTab(tenant, query, variables && toText(variables)));
    save(tenant, { tabs, activeTabIndex: 0 });
    if (front) show(tenant, front);
  }

  function newTab({ headers }, query, variables = null) {
    const operation = nameOf(query);
    const id = crypto.randomUUID();
    const text = { query, variables, headers: toText(headers) };
    return { id, title: operation ?? '<untitled>', operationName: operation, response: null, hash: null, ...text };
  }

  function save(tenant, state) {
    const store = storageOf(tenant);
    const { query, variables, headers } = state.tabs[state.activeTabIndex];
    store.setItem('graphiql:tabState', JSON.stringify(state));
    for (const [key, value] of Object.entries({ query, variables, headers }))
      store.setItem(`graphiql:${key}`, value ?? '');
  }

  /** Brings a tab to the front of a tenant's: the example of the same name, or the same text, as its own tab where there is none. */
  function show(tenant, { query, variables }) {
    const state = readState(tenant);
    const own = chosen.tabs.find((example) => example.query.trim() === query.trim());
    const wanted = own ? tenant.tabs.find((example) => nameOf(example.query) === nameOf(query))?.query : query;
    let index = state.tabs.findIndex((tab) => tab.query === wanted);
    if (index < 0) index = state.tabs.push(newTab(tenant, wanted ?? query, variables)) - 1;
    save(tenant, { ...state, activeTabIndex: index });
  }

  /** Tokens end; tabs whose token this page gave them get the present one. */
  function renewTokens(tenant) {
    const key = `${prefix}${tenant.name}:given`;
    const given = localStorage.getItem(key);
    const present = toText(tenant.headers);
    localStorage.setItem(key, present);
    if (given === null || given === present) return;
    const state = readState(tenant);
    for (const tab of state.tabs) if (tab.headers === given) tab.headers = present;
    save(tenant, state);
  }

  function readState(tenant) {
    return JSON.parse(storageOf(tenant).getItem('graphiql:tabState'));
  }

  function switchTo(tenant) {
    const front = readState(chosen);
    if (!storageOf(tenant).getItem('graphiql:tabState')) seed(tenant);
    const query = storage.getItem('graphiql:query');
    if (query) show(tenant, { query, variables: front.tabs[front.activeTabIndex]?.variables ?? null });
    location.assign(`${location.pathname}?tenant=${encodeURIComponent(tenant.name)}`);
  }

  function bar() {
    const make = (name, properties = {}, ...children) => {
      const made = Object.assign(document.createElement(name), properties);
      made.append(...children);
      return made;
    };
    const select = make(
      'select',
      { onchange: () => switchTo(tenants[select.selectedIndex]) },
      ...tenants.map(({ name }) => make('option', { selected: name === chosen.name }, name)),
    );
    // Twice as many tabs as a window shows.
    const examples = make(
      'select',
      {
        onchange: () => {
          const tabs = [...document.querySelectorAll('.graphiql-tab-button')];
          const tab = tabs.find(({ textContent }) => textContent.trim() === examples.value);
          tab?.click();
          tab?.scrollIntoView({ inline: 'center' });
          examples.selectedIndex = 0;
        },
      },
      make('option', { value: '' }, 'go to ...'),
      ...chosen.tabs.map(({ query }) => make('option', {}, nameOf(query))),
    );
    const reset = make(
      'button',
      {
        type: 'button',
        title: "Puts this tenant's examples back into the tabs. Tabs of your own are closed.",
        onclick: () => {
          isLeaving = true;
          forget(chosen.name);
          location.assign(location.pathname);
        },
      },
      'Examples as they were',
    );
    return make(
      'header',
      { id: 'tenant-bar' },
      make('label', {}, 'Tenant ', select),
      make('span', {}, 'Its token is in the headers of every tab.'),
      make('label', {}, 'Example ', examples),
      reset,
      make('a', { href: '/' }, 'Search page'),
    );
  }

  function nameOf(query) {
    return /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1] ?? null;
  }

  function toText(value) {
    return JSON.stringify(value, null, 2);
  }
};
