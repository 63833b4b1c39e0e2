import { byId, element } from './dom.js';

/** Where a pasted token is kept: until the tab is closed, and never in the address. */
const storageKey = 'tessera-token';
const ownToken = '(own token)';

/**
 * Who asks: a tenant of the development gateway, whose tokens it gives to this page, or whoever pastes a token.
 * @param {{ tenants: { name: string, token: string, examples: string[] }[] }} settings of the gateway.
 * @param {() => void} onChange when it is somebody else from now on.
 */
export function openSession({ tenants }, wanted, onChange) {
  const select = byId('tenant');
  const form = byId('token-form');
  const names = tenants.map(({ name }) => name);
  select.append(...names.map((name) => new Option(name)), new Option('by token', ownToken));
  select.value = names.includes(wanted) ? wanted : (names[0] ?? ownToken);
  byId('tenant-field').hidden = names.length === 0;
  byId('token').value = sessionStorage.getItem(storageKey) ?? '';
  const showForm = () => {
    form.hidden = select.value !== ownToken;
  };
  showForm();
  select.addEventListener('change', () => {
    showForm();
    onChange();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(storageKey, byId('token').value.trim());
    onChange();
  });
  const tenant = () => tenants.find(({ name }) => name === select.value);
  return {
    /** Name of the tenant, for the address; empty with a pasted token, which says it itself. */
    tenant: () => tenant()?.name ?? '',
    /** Empty while nobody pasted one. */
    token: () => tenant()?.token ?? sessionStorage.getItem(storageKey) ?? '',
    examples: () => tenant()?.examples ?? [],
  };
}

/** Questions to begin with, as buttons. */
export function exampleList(examples, choose) {
  if (examples.length === 0) return null;
  const buttons = examples.map((text) => element('button', { type: 'button', onclick: () => choose(text) }, text));
  return element('p', { className: 'examples' }, 'Try: ', ...buttons);
}
