/** One text's vector, as an answer holds it: base64 or numbers. */
export interface AnswerItem {
  readonly index: number;
  readonly embedding: string | number[];
}

/** How one provider is spoken to: its path, where a request has its texts, and what an answer looks like. */
export interface Dialect {
  /** Path of the base URL. */
  readonly base: string;
  /** What comes behind it. */
  readonly path: string;
  readonly textsOf: (body: Record<string, unknown>) => readonly string[];
  readonly dimensionsOf: (body: Record<string, unknown>) => unknown;
  readonly answer: (items: readonly AnswerItem[], tokens: number) => unknown;
}

const inOrder = (items: readonly AnswerItem[]) =>
  items.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);

const indexed = {
  textsOf: (body: Record<string, unknown>) => body.input as string[],
  answer: (items: readonly AnswerItem[], tokens: number) => ({
    object: 'list',
    data: items.map((item) => ({ object: 'embedding', ...item })),
    model: 'test',
    usage: { total_tokens: tokens },
  }),
};

export const dialects = {
  openai: { ...indexed, base: '/v1', path: '/embeddings', dimensionsOf: (body) => body.dimensions },
  azure: {
    ...indexed,
    base: '',
    path: '/openai/deployments/test-deployment/embeddings',
    dimensionsOf: (body) => body.dimensions,
  },
  voyage: { ...indexed, base: '/v1', path: '/embeddings', dimensionsOf: (body) => body.output_dimension },
  ollama: {
    base: '',
    path: '/api/embed',
    textsOf: (body) => body.input as string[],
    dimensionsOf: (body) => body.dimensions,
    answer: (items, tokens) => ({ model: 'test', embeddings: inOrder(items), prompt_eval_count: tokens }),
  },
  cohere: {
    base: '/v2',
    path: '/embed',
    textsOf: (body) => body.texts as string[],
    dimensionsOf: (body) => body.output_dimension,
    answer: (items, tokens) => ({
      id: 'test',
      embeddings: { float: inOrder(items) },
      meta: { billed_units: { input_tokens: tokens } },
    }),
  },
} as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;
