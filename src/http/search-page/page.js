import { markControls, readControls, showControls, showLists, useKeyboard } from './controls.js';
import { openDocument } from './document-dialog.js';
import { byId, element, failure } from './dom.js';
import { explanation, missingSentence, underfilledSentences } from './explanations.js';
import { ask, latestOnly, unwrap } from './gateway.js';
import { hitItem } from './hits.js';
import { addressOf, readState, searchInput } from './page-state.js';
import { explainQuery, listsQuery, missingQuery, runnableSearch, searchQuery, whoQuery } from './queries.js';
import { exampleList, openSession } from './session.js';

/** How long after the last key the page asks. */
const debounceMs = 150;

const status = byId('status');
const notices = byId('notices');
const list = byId('hits');
const more = byId('more');
const why = byId('why');

const settings = await (await fetch('/search-page/settings.json')).json();
let state = readState(location.search);
const session = openSession(settings, state.tenant, enter);
let scopes = [];
let timer;
/** The search whose hits are shown. */
let shown = { input: undefined, edges: [], endCursor: null };

const searching = latestOnly(showFailure);
const explaining = latestOnly((problem) => byId('explanation').replaceChildren(failure(problem)));
const missing = latestOnly((problem) => byId('missing-answer').replaceChildren(failure(problem)));
const entering = latestOnly(showFailure);
// What is there stays when there is no more to be had.
const continuing = latestOnly((problem) => notices.replaceChildren(failure(problem)));

/** Learns who the token is, what it may, and what there is to choose from; then searches. */
function enter() {
  const chosen = state.collections;
  showLists({ collections: [], documents: [] }, []);
  clearHits();
  const token = session.token();
  if (!token) {
    scopes = [];
    entering.cancel();
    return say('Paste a token to search with. It stays in this tab.');
  }
  entering.run(async (signal) => {
    const who = await ask({ query: whoQuery, token, signal });
    const mayRead = who.data.viewer.scopes.includes('documents:read');
    const lists = mayRead ? (await ask({ query: listsQuery, token, signal })).data : undefined;
    return () => {
      scopes = who.data.viewer.scopes;
      const collections = lists?.collections ?? [];
      showLists({ collections, documents: lists?.documents.edges.map(({ node }) => node) ?? [] }, chosen);
      search();
    };
  });
}

/** Takes what the controls say and searches for it. */
function search() {
  clearTimeout(timer);
  state = { ...readControls(), tenant: session.tenant() };
  markControls(state);
  history.replaceState(null, '', addressOf(state));
  const token = session.token();
  if (!token) return enter();
  const input = searchInput(state);
  byId('query-text').textContent = runnableSearch(input);
  if (state.text === '') return searching.run(async () => showStart);
  for (const each of [continuing, missing]) each.cancel();
  list.setAttribute('aria-busy', 'true');
  if (shown.edges.length === 0) say('Searching …');
  searching.run(async (signal) => {
    const answer = await ask({ query: searchQuery, variables: { input }, token, signal });
    const page = unwrap(answer.data.search, answer.requestId);
    return () => {
      shown = { input, edges: [], endCursor: null };
      list.replaceChildren();
      byId('missing-answer').replaceChildren();
      addPage(page);
      sayCount(answer.ms);
      if (why.open) explain();
    };
  });
}

function loadMore() {
  const { input, endCursor } = shown;
  continuing.run(async (signal) => {
    const variables = { input, after: endCursor };
    const answer = await ask({ query: searchQuery, variables, token: session.token(), signal });
    const page = unwrap(answer.data.search, answer.requestId);
    return () => {
      const before = shown.edges.length;
      addPage(page);
      sayCount(answer.ms);
      list.querySelectorAll('.title')[before]?.focus();
    };
  });
}

function addPage(page) {
  const { input } = shown;
  const before = shown.edges.length;
  const edges = [...shown.edges, ...page.edges];
  shown = { input, edges, endCursor: page.pageInfo.endCursor };
  const bestKeyword = Math.max(0, ...edges.map(({ scores }) => scores.keyword ?? 0));
  const items = page.edges.map((edge, index) => {
    const after = edges[before + index - 1]?.cursor ?? null;
    const mayRead = scopes.includes('documents:read');
    const open = () => openDocument(edge, { token: session.token(), mayRead, input, after });
    return hitItem(edge, { mode: page.mode, bestKeyword, open });
  });
  list.append(...items);
  list.removeAttribute('aria-busy');
  more.hidden = !page.pageInfo.hasNextPage;
  notices.replaceChildren(...noticesOf(page, edges.length));
}

function noticesOf(page, count) {
  const sentences = [];
  if (page.mode !== shown.input.mode)
    sentences.push('The model knows no word of this text, so it was searched for by its words alone.');
  if (page.underfilled) sentences.push(underfilledSentences[page.underfilledReason] ?? 'There may be more.');
  if (count === 0)
    sentences.push(
      state.mode === 'KEYWORD'
        ? 'No document has these words. The mode Hybrid also looks at the meaning.'
        : 'Nothing was found. Loosen the filters, or ask in other words.',
    );
  return sentences.map((sentence) => element('p', { className: 'notice' }, sentence));
}

function sayCount(ms) {
  const count = shown.edges.length;
  const hits = count === 1 ? '1 hit' : `${count} hits`;
  say(`${count === 0 ? 'No hits' : more.hidden ? hits : `The first ${hits}`} in ${Math.max(1, Math.round(ms))} ms`);
}

function say(sentence) {
  status.textContent = sentence;
}

function clearHits() {
  for (const each of [searching, continuing, explaining, missing]) each.cancel();
  shown = { input: undefined, edges: [], endCursor: null };
  list.replaceChildren();
  list.removeAttribute('aria-busy');
  notices.replaceChildren();
  byId('missing-answer').replaceChildren();
  byId('explanation').replaceChildren(element('p', {}, 'Search for something first.'));
  more.hidden = true;
}

function showStart() {
  clearHits();
  say('Hits come as you type.');
  const examples = exampleList(session.examples(), (text) => {
    byId('text').value = text;
    search();
  });
  if (examples) notices.replaceChildren(examples);
}

function showFailure(problem) {
  clearHits();
  say('');
  notices.replaceChildren(failure(problem));
}

/** How the search that is shown went; it is run once more for this. */
function explain() {
  const { input } = shown;
  if (!input) return;
  explaining.run(async (signal) => {
    const { data, requestId } = await ask({
      query: explainQuery,
      variables: { input },
      token: session.token(),
      signal,
    });
    const found = unwrap(data.search, requestId);
    return () => byId('explanation').replaceChildren(...explanation(found));
  });
}

/** Why the search that is shown does not return the document that was chosen. */
function explainMissing(event) {
  event.preventDefault();
  const documentId = byId('candidate-id').value.trim() || byId('candidate').value;
  const { input } = shown;
  const answer = byId('missing-answer');
  if (!input || !documentId) {
    answer.replaceChildren(
      element('p', {}, input ? 'Choose a document, or paste its id.' : 'Search for something first.'),
    );
    return;
  }
  missing.run(async (signal) => {
    const variables = { documentId, input };
    const { data, requestId } = await ask({ query: missingQuery, variables, token: session.token(), signal });
    const found = unwrap(data.explainMissing, requestId);
    return () => answer.replaceChildren(element('p', { className: 'notice' }, missingSentence(found)));
  });
}

async function copyQuery({ target }) {
  await navigator.clipboard.writeText(byId('query-text').textContent);
  target.textContent = 'Copied';
  setTimeout(() => {
    target.textContent = 'Copy';
  }, 1_500);
}

function clearFilters() {
  showControls({ ...readControls(), collections: [], status: '', created: '' });
  search();
}

byId('text').addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(search, debounceMs);
});
byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  search();
});
for (const id of ['mode', 'recall', 'groupBy', 'collection-list', 'status-filter', 'created'])
  byId(id).addEventListener('change', search);
byId('clear').addEventListener('click', clearFilters);
more.addEventListener('click', loadMore);
why.addEventListener('toggle', () => why.open && explain());
byId('missing').addEventListener('submit', explainMissing);
byId('copy').addEventListener('click', copyQuery);
byId('graphiql').hidden = !settings.graphiql;
byId('filters').open = matchMedia('(min-width: 60rem)').matches;
useKeyboard();
showControls(state);
// On a phone the keyboard would come up at once.
if (matchMedia('(hover: hover)').matches) byId('text').focus();
enter();
