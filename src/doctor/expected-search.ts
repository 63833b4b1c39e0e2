import type { ExpectedScan, PlanExpectation } from './plan-expectation.ts';

/** A search as far as its plan depends on it: how each half looks, and what excludes something. */
export interface SearchShape {
  /**
   * How the semantic half finds its candidates. `graph` and `covering`: in the order of an index, or from all of the tenant's;
   * `counted`: the one or the other, by a count of what is permitted; `every`: all full vectors, without candidates. Absent
   * in KEYWORD mode.
   */
  readonly candidates?:
    | { readonly by: 'graph' | 'covering' | 'every' }
    | { readonly by: 'counted'; readonly permittedBudget: number };
  /**
   * How the keyword half looks: `index` where one serves every language of the tenant, `partly` where it serves some, `common` where
   * the words are too common to be looked up in one.
   */
  readonly words?: 'every' | 'index' | 'partly' | 'common';
  /** What selects documents, where something does. */
  readonly selects?: 'collection' | 'column' | 'attribute';
  /** Whether some chunks only may be found, by their words. */
  readonly hasConditions: boolean;
  /** Whether it starts from a stored document. */
  readonly isLike: boolean;
  /** Whether access lists may hide documents: how many is not for the planner to know. */
  readonly hasAccessLists: boolean;
  /** Whether its scores fade with age. */
  readonly fades: boolean;
  readonly isPlannedOnce: boolean;
  /** Whether it takes so many candidates that they may be most of the tenant. */
  readonly isDeep?: boolean;
}

const byKey = /^embeddings_pkey$/;
const coveringIndex = /^embeddings_exact$/;
const graph = /^embeddings_hnsw_/;
/** Those that begin with the tenant, whatever follows. */
const anyDocuments = /^documents_(pkey|by_collection|by_audience|tenant_id_collection_external_id_key)$/;
const wordIndex = /^chunks_words_/;

/** What a page of hits is read by. */
const page: readonly ExpectedScan[] = [
  { stage: 'page', table: 'documents', index: /^documents_pkey$/, ofFew: anyDocuments },
  { table: 'documents', index: /^documents_pkey$/, ofFew: anyDocuments },
  { table: 'chunks', index: /^chunks_pkey$/ },
  { table: 'embeddings', index: byKey },
];

/** The plan that a search of this shape is held to. */
export function expectedSearch(shape: SearchShape): PlanExpectation {
  const { candidates, words, isLike, fades, isPlannedOnce, hasConditions } = shape;
  const scans = [
    ...(isLike ? example : []),
    ...(candidates ? semanticScans(candidates.by, shape) : []),
    ...(words ? keywordScans(words, shape) : []),
    ...(fades ? [{ stage: 'aged', table: 'documents', index: anyDocuments, mayReadWhole: true as const }] : []),
    ...page,
  ];
  // Conditions are looked up by a word index wherever there is one.
  const usesWordIndex = words === 'index' || words === 'partly' || (words === 'common' && hasConditions);
  return {
    scans,
    ...(candidates?.by === 'counted' && { permittedBudget: candidates.permittedBudget }),
    ...(words && { inFunctions: { table: 'chunks', ...(usesWordIndex && { index: wordIndex }) } }),
    ...(isPlannedOnce && { isPlannedOnce }),
  };
}

const example: readonly ExpectedScan[] = [
  { stage: 'example', table: 'embeddings', index: /^embeddings_by_document$/ },
  { stage: 'example', table: 'documents', index: /^documents_pkey$/, ofFew: anyDocuments },
];

/** Stage two looks its candidates up one by one. */
const lookUp: ExpectedScan = { stage: 'semantic', table: 'embeddings', index: byKey };

function semanticScans(by: NonNullable<SearchShape['candidates']>['by'], shape: SearchShape): ExpectedScan[] {
  const rerank = shape.isDeep ? { ...lookUp, mayReadWhole: true as const } : lookUp;
  const isFiltered = shape.selects !== undefined || shape.hasConditions;
  const stage = 'candidates';
  if (by === 'every') {
    // Any index that begins with the tenant, for the rows are wanted whole.
    const index = /^embeddings_(pkey|exact)$/;
    return [{ stage: 'semantic', table: 'embeddings', index, estimate: 'tenant', mayReadWhole: true }];
  }
  if (by === 'graph') return [{ stage, table: 'embeddings', index: graph, estimate: 'tenant', runs: true }, rerank];
  if (by === 'covering') {
    if (!isFiltered) return [{ ...coveringScan, stage, estimate: estimateOf(shape) }, rerank];
    return [...filteredScans(stage, shape), ...selectedScans(stage, shape), rerank];
  }
  // A filter's share of the tenant is a guess, and the planner's to make.
  const searched: ExpectedScan = {
    stage,
    table: 'embeddings',
    index: graph,
    ...(!isFiltered && { estimate: 'tenant' }),
  };
  return [
    searched,
    ...selectedScans('selected', shape),
    ...(shape.selects ? filterScans(stage, shape) : []),
    ...(isFiltered ? filteredScans('permitted', shape) : [permittedScan]),
    rerank,
  ];
}

/** Every vector of the tenant, from the index alone. */
const coveringScan: ExpectedScan = { table: 'embeddings', index: coveringIndex, indexOnly: true, runs: true };

/** What a scan of all that is permitted read tells how many there are, unless access lists kept it from the others. */
function estimateOf({ hasAccessLists }: SearchShape): 'read' | 'tenant' {
  return hasAccessLists ? 'tenant' : 'read';
}

/** Where access lists are all that excludes anything, what is permitted is a part of the covering index, and read no further than the budget. */
const permittedScan: ExpectedScan = {
  ...{ stage: 'permitted', table: 'embeddings', index: coveringIndex, indexOnly: true, estimate: 'tenant' },
};

/** Vectors that are permitted: looked up from what the filter selects, or all of the tenant's beside it. */
function filteredScans(stage: string, { hasConditions }: SearchShape): ExpectedScan[] {
  const index = hasConditions ? /^embeddings_(exact|pkey)$/ : /^embeddings_(exact|by_document)$/;
  return [{ stage, table: 'embeddings', index }];
}

/** The documents that a filter selects. */
function selectedScans(stage: string, { selects }: SearchShape): ExpectedScan[] {
  if (!selects) return [];
  const documents = { stage, table: 'documents', mayReadWhole: true } as const;
  if (selects === 'collection') return [{ ...documents, index: /^documents_by_collection$/ }];
  if (selects === 'column') return [{ ...documents, index: anyDocuments }];
  return [
    { ...documents, index: anyDocuments },
    { stage, table: 'document_attributes', index: /^document_attributes_/ },
  ];
}

/** A look at the document of each chunk that the graph comes by. */
function filterScans(stage: string, { selects }: SearchShape): ExpectedScan[] {
  const documents = { stage, table: 'documents', index: anyDocuments };
  if (selects !== 'attribute') return [documents];
  return [documents, { stage, table: 'document_attributes', index: /^document_attributes_/ }];
}

function keywordScans(words: NonNullable<SearchShape['words']>, shape: SearchShape): ExpectedScan[] {
  const stage = 'keyword_chunks';
  const chunks = { stage, table: 'chunks' } as const;
  const isFiltered = shape.selects !== undefined || shape.hasConditions;
  const few = /^chunks_(terms|pkey|tenant_id_document_id_ordinal_key)$/;
  const runs = words === 'partly' ? {} : { runs: words !== 'index' };
  const every: ExpectedScan = isFiltered
    ? { ...chunks, index: few }
    : { ...chunks, index: /^chunks_terms$/, indexOnly: true, estimate: estimateOf(shape), ...runs };
  const looked: ExpectedScan = { ...chunks, index: /^chunks_pkey$/ };
  if (words === 'every') return [every, ...selectedScans(stage, shape)];
  if (!isFiltered && !shape.hasAccessLists) return [every, looked];
  // Permitted chunks are scored while they are counted; then the index is asked, and at last every permitted one.
  return [
    ...selectedScans('selected', shape),
    { ...chunks, stage: 'scored', index: /^chunks_(terms|pkey|by_audience|tenant_id_document_id_ordinal_key)$/ },
    ...selectedScans('rarest_chunks', shape),
    { ...looked, stage: 'rarest_chunks' },
    every,
    ...selectedScans(stage, shape),
  ];
}
