import { element } from './dom.js';
import { excerpt, markedText } from './marked-text.js';

/**
 * A hit of the list.
 * @param {object} edge as the search gave it.
 * @param {{ mode: string, bestKeyword: number, open: () => void }} around what it is compared with, and what opening it does.
 */
export function hitItem(edge, { mode, bestKeyword, open }) {
  const { node, chunk, highlights, freshness } = edge;
  const { text, ranges } = excerpt(chunk.text, highlights);
  const title = element('button', { type: 'button', className: 'title', onclick: open }, node.title);
  const about = [node.collection, node.status === 'published' ? '' : node.status, headings(chunk, node)];
  return element(
    'li',
    {},
    element('h2', {}, title),
    element('p', { className: 'about' }, about.filter(Boolean).join(' · ')),
    element('p', { className: 'text' }, markedText(text, ranges)),
    scoreBars(edge.scores, mode, bestKeyword),
    freshness.stale
      ? element('p', { className: 'about' }, 'It waits for its vector, and was found by its words.')
      : null,
  );
}

/** Headings above the passage, without the title that stands there already. */
function headings({ context }, { title }) {
  return context.startsWith(title) ? context.slice(title.length).replace(/^ > /, '') : context;
}

/**
 * What the hit got at each stage. Cosine and fused scores are shares of 1; BM25 has no upper end and is drawn beside the best of
 * the page.
 */
function scoreBars({ vector, keyword, fused }, mode, bestKeyword) {
  const ofKeyword = bestKeyword > 0 ? 1 / bestKeyword : 0;
  const rows = [
    ['meaning', vector, vector, 'Cosine at full precision'],
    ['words', keyword, keyword * ofKeyword, 'BM25; the bar compares it with the best of these hits'],
    ...(mode === 'HYBRID' ? [['fused', fused, fused, 'What the hits are ranked by']] : []),
  ];
  return element('dl', { className: 'scores' }, ...rows.map(scoreRow));
}

function scoreRow([name, score, share, meaning]) {
  const bar = element('span', { className: 'fill' });
  bar.style.inlineSize = `${100 * Math.min(1, Math.max(0, share ?? 0))}%`;
  const value = score === null ? '–' : score.toFixed(score < 10 ? 3 : 1);
  return element(
    'div',
    { className: name, title: score === null ? 'Not found by this half of the search' : meaning },
    element('dt', {}, name),
    element('dd', {}, value),
    element('dd', { className: 'track', 'aria-hidden': 'true' }, bar),
  );
}
