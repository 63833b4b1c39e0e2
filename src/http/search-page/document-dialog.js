import { byId, element, facts, failure } from './dom.js';
import { ask, latestOnly, unwrap } from './gateway.js';
import { markedBody, markedText } from './marked-text.js';
import { documentQuery, passagesQuery } from './queries.js';

const dialog = byId('document');
const content = byId('document-content');
const opening = latestOnly((problem) => content.replaceChildren(failure(problem)));

byId('close').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', opening.cancel);
// A press beside the dialog is on the dialog itself: its content fills it.
dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());

/**
 * Shows a hit's document: whole where the token may read it, otherwise its best passages.
 * @param {object} edge the hit.
 * @param {{ token: string, mayRead: boolean, input: object, after: string | null }} how the search that found it, and the cursor
 * before it.
 */
export function openDocument(edge, { token, mayRead, input, after }) {
  const { node, chunk, highlights } = edge;
  byId('document-title').textContent = node.title;
  content.replaceChildren(passageBlock(chunk.text, highlights));
  dialog.showModal();
  dialog.scrollTop = 0;
  opening.run(async (signal) => {
    const [passages, body] = await Promise.all([
      ask({ query: passagesQuery, variables: { input, after }, token, signal }),
      mayRead ? ask({ query: documentQuery, variables: { id: node.id }, token, signal }) : undefined,
    ]);
    const [found] = unwrap(passages.data.search, passages.requestId).edges;
    const best = found?.node.id === node.id ? found.passages : [chunk];
    return () => {
      content.replaceChildren(...describe(edge, best, body?.data.document, mayRead));
      content.querySelector('.body .best')?.scrollIntoView({ block: 'nearest' });
    };
  });
}

function describe({ node, chunk, highlights }, passages, whole, mayRead) {
  const about = facts([
    ['Collection', node.collection],
    ['Status', node.status],
    ['Created', node.createdAt.slice(0, 10)],
    ['Changed', whole?.updatedAt.slice(0, 10)],
    ['Version', whole?.version],
    ['External id', whole?.externalId],
    ['Id', node.id],
  ]);
  const link = readable(node.url);
  const source =
    link && element('p', {}, element('a', { href: link, target: '_blank', rel: 'noopener noreferrer' }, link));
  if (whole) {
    const words = highlights.map(({ start, end }) => ({ start: start + chunk.start, end: end + chunk.start }));
    const body = element('div', { className: 'body' }, markedBody(whole.body, { best: chunk, passages, words }));
    const legend = [
      element('span', { className: 'passage best' }, 'the best passage'),
      passages.length > 1 ? ' and ' : '',
      passages.length > 1 ? element('span', { className: 'passage' }, 'others near to it') : '',
    ];
    return [about, source, element('p', { className: 'about' }, 'In it: ', ...legend), body].filter(Boolean);
  }
  const reason = mayRead
    ? 'The document is not there any more.'
    : 'These are its best passages: the whole document needs a token with documents:read.';
  const blocks = passages.map(({ text, start }) => passageBlock(text, start === chunk.start ? highlights : []));
  return [about, source, element('p', { className: 'notice' }, reason), ...blocks].filter(Boolean);
}

function passageBlock(text, highlights) {
  return element(
    'div',
    { className: 'body' },
    element('span', { className: 'passage best' }, markedText(text, highlights)),
  );
}

/** An address that a browser may follow; documents are not to be trusted with any other. */
function readable(url) {
  return url !== null && /^https?:\/\//i.test(url) ? url : undefined;
}
