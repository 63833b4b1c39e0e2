/**
 * Makes an element. Texts become text nodes: nothing is ever read as HTML.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] of the element; those with a hyphen are attributes.
 * @param {...(Node | string | null)} children null is left out.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') made.setAttribute(name, String(value));
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A moment or a place of a table: thin rows of label and value. */
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined);
  return element(
    'dl',
    {},
    ...rows.flatMap(([label, value]) => [element('dt', {}, label), element('dd', {}, String(value))]),
  );
}

/** A failure in plain words, with what a person needs to look it up in the log. */
export function failure({ message, code, requestId }) {
  const ids = [code, requestId && `request ${requestId}`].filter(Boolean).join(', ');
  return element('div', { className: 'notice bad', role: 'alert' }, message, element('small', {}, ids));
}
