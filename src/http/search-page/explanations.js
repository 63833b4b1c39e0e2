import { element, facts } from './dom.js';

const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** How a search went. */
export function explanation({ explain, recall }) {
  const head = ['stage', 'in', 'out', 'ms'].map((name) => element('th', { scope: 'col' }, name));
  const rows = explain.stages.map((stage) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, stage.name),
      ...[stage.in, stage.out, stage.ms.toFixed(1)].map((value) => element('td', {}, String(value))),
    ),
  );
  return [
    element('p', {}, `${explain.strategy}.`),
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
    facts([
      ['Embedding', ms(explain.embedMs)],
      ['Planning', ms(explain.planningMs)],
      ['Execution', ms(explain.executionMs)],
      ...(recall ? recallFacts(recall) : [['Recall', 'exact: words miss nothing']]),
    ]),
  ];
}

function recallFacts({ exact, candidates, efSearch, measured, measuredAt, reached }) {
  const day = measuredAt?.slice(0, 10);
  return [
    ['Candidates', candidates],
    ['ef_search', efSearch],
    ['Recall', exact ? 'exact: nothing can have been missed' : null],
    [
      'Recall@10',
      exact ? null : measured === null ? 'not measured yet (tessera tune)' : `${measured}, measured ${day}`,
    ],
    ['Target', reached ? null : 'no measured setting reaches it'],
  ];
}

/** Why a search is underfilled. */
export const underfilledSentences = {
  CANDIDATES: 'There may be more: the candidates ran out before the page was full. Choose a higher recall.',
  SCAN_BUDGET: 'There may be more: the search used up its budget. Filter more narrowly, or choose the recall Exact.',
};

/** Why a search does not return a document, in a sentence. */
export function missingSentence({ reason, rank, score, trueCoarseRank, candidates }) {
  const sentences = {
    FOUND: `It is among the hits: number ${rank}.`,
    BEHIND_THE_PAGE: `It is found, but comes on a later page: number ${rank}.`,
    NOT_THERE: 'There is no such document for this tenant, or you may not see it.',
    EXAMPLE: 'It is what the search started from, which is never among the hits.',
    FILTERED: 'The filters or the chosen collections exclude it.',
    CONDITIONS: 'It lacks a phrase or a required word, or has an excluded one.',
    NOT_EMBEDDED: 'It has no vector yet, and shares no word with the search.',
    STALE: 'Its new text has no vector yet, or only in part: it was compared by the vectors that it has.',
    NO_COMMON_WORD: 'None of its passages has any word of the search. Another mode also looks at the meaning.',
    SCAN_BUDGET: 'It is near enough, but the filtered search used up its budget before it came by.',
    MISSED_BY_GRAPH: 'It is near enough, but the index did not come by it. Choose a higher recall.',
    CUT_BEFORE_RERANK: `It is too far from the question: number ${trueCoarseRank} by meaning, where only the first ${candidates} are looked at closely.`,
    CUT_BY_KEYWORDS: 'It has a word of the search, but too many others rank before it.',
    BELOW_MIN_SCORE: `Its score of ${score?.toFixed(3)} is below the least that was asked for.`,
    DIVERSITY: `It ranks as number ${rank}, but others were chosen that are less like those before them.`,
    GROUPING: `It is found, but the way of grouping puts it behind the page: number ${rank}. Grouped the other way it is on it.`,
  };
  return sentences[reason] ?? reason;
}
