import { byId, element } from './dom.js';
import { filterCount } from './page-state.js';

const dials = ['mode', 'recall', 'groupBy'];

/** What the controls say: a state without its tenant. */
export function readControls() {
  const checked = byId('collection-list').querySelectorAll('input:checked');
  return {
    text: byId('text').value.trim(),
    ...Object.fromEntries(dials.map((name) => [name, byId(name).value])),
    collections: [...checked].map(({ value }) => value),
    status: byId('status-filter').value.trim(),
    created: byId('created').value,
  };
}

/** Sets the controls to a state; its collections where there are such. */
export function showControls(state) {
  byId('text').value = state.text;
  for (const name of dials) byId(name).value = state[name];
  for (const box of byId('collection-list').querySelectorAll('input'))
    box.checked = state.collections.includes(box.value);
  byId('status-filter').value = state.status;
  byId('created').value = state.created;
  markControls(state);
}

/** Says how many filters are set, and which dials make no difference. */
export function markControls(state) {
  const count = filterCount(state);
  byId('filter-count').textContent = count > 0 ? `(${count})` : '';
  byId('recall').disabled = state.mode === 'KEYWORD';
}

/** The tenant's collections as boxes to tick; documents to ask "why not" about. */
export function showLists({ collections, documents }, chosen) {
  byId('collections').hidden = collections.length === 0;
  byId('collection-list').replaceChildren(
    ...collections.map(({ name, documents: count }) => {
      const box = element('input', { type: 'checkbox', value: name, checked: chosen.includes(name) });
      return element('label', {}, box, ` ${name} `, element('small', {}, String(count)));
    }),
  );
  const options = documents.map(({ id, title, collection }) => new Option(`${title} (${collection})`, id));
  byId('candidate').replaceChildren(new Option('Choose one', ''), ...options);
}

/** Arrows move between the hits, from the search field too; Escape goes back to it, and `/` always does. */
export function useKeyboard() {
  const field = byId('text');
  document.addEventListener('keydown', (event) => {
    if (byId('document').open || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, target } = event;
    const isTyping = target.matches('input:not([type=checkbox]), select, textarea');
    if (key === '/' && !isTyping) {
      event.preventDefault();
      field.focus();
      field.select();
      return;
    }
    const titles = [...document.querySelectorAll('#hits .title')];
    const at = titles.indexOf(target);
    if (at === -1 && target !== field && target !== document.body) return;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      const next = at + (key === 'ArrowDown' ? 1 : -1);
      if (next < -1 || titles.length === 0) return;
      event.preventDefault();
      (titles[Math.min(next, titles.length - 1)] ?? field).focus();
    } else if (key === 'Escape' && at !== -1) field.focus();
  });
}
