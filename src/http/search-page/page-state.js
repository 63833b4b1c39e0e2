/** What the page searches for, as it stands in the address; never a token. */

const choices = {
  mode: ['HYBRID', 'SEMANTIC', 'KEYWORD'],
  recall: ['BALANCED', 'FAST', 'HIGH', 'EXACT'],
  groupBy: ['DOCUMENT', 'CHUNK'],
};

/** The state that an address asks for; what it does not say is the default, the first of the choices. */
export function readState(search) {
  const given = new URLSearchParams(search);
  const chosen = (name) => (choices[name].includes(given.get(name)) ? given.get(name) : choices[name][0]);
  const created = given.get('created') ?? '';
  return {
    tenant: given.get('tenant') ?? '',
    text: given.get('q') ?? '',
    mode: chosen('mode'),
    recall: chosen('recall'),
    groupBy: chosen('groupBy'),
    collections: given.getAll('collection'),
    status: given.get('status') ?? '',
    created: /^\d{4}-\d\d-\d\d$/.test(created) ? created : '',
  };
}

/** The address of a state, defaults left out. */
export function addressOf(state) {
  const address = new URLSearchParams();
  const put = (name, value, usual = '') => value !== usual && address.append(name, value);
  put('tenant', state.tenant);
  put('q', state.text);
  for (const name of Object.keys(choices)) put(name, state[name], choices[name][0]);
  for (const name of state.collections) put('collection', name);
  put('status', state.status);
  put('created', state.created);
  return `/${address.size > 0 ? '?' : ''}${address}`;
}

/** How many filters are set. */
export function filterCount({ collections, status, created }) {
  return Number(collections.length > 0) + Number(status !== '') + Number(created !== '');
}

/** The GraphQL `SearchInput` of a state. Recall says nothing of KEYWORD, which is exact. */
export function searchInput({ text, mode, recall, groupBy, collections, status, created }) {
  const filter = {
    ...(status && { status: { eq: status } }),
    ...(created && { createdAt: { gt: `${created}T00:00:00.000Z` } }),
  };
  return {
    text,
    mode,
    ...(mode !== 'KEYWORD' && { recall: { profile: recall } }),
    groupBy,
    ...(collections.length > 0 && { collections }),
    ...(Object.keys(filter).length > 0 && { filter }),
  };
}
