import type { EmbedderConfig } from './config.ts';
import { type ModelVariable, nextPrefix } from './embedding-variables.ts';
import type { Draft, Fault, Rule } from './rule.ts';

type Name = Exclude<ModelVariable, 'EMBEDDER'>;

interface Takes {
  readonly required: readonly Name[];
  readonly optional: readonly Name[];
  /** Suffered without effect: these have defaults and are in many an environment, so that switching to a service and back stays one line. */
  readonly idle?: readonly Name[];
}

const named = ['EMBEDDING_MODEL', 'EMBEDDING_DIMENSIONS'] as const;
const anyModel = ['EMBEDDING_MATRYOSHKA', 'EMBEDDING_MAX_TOKENS', 'EMBEDDING_BATCH_SIZE'] as const;
const calls = ['EMBEDDING_TIMEOUT_MS', 'EMBEDDING_RETRIES'] as const;
const anyService = [...anyModel, ...calls] as const;
const prefixes = ['EMBEDDING_QUERY_PREFIX', 'EMBEDDING_DOCUMENT_PREFIX'] as const;
const azure = ['EMBEDDING_AZURE_DEPLOYMENT', 'EMBEDDING_AZURE_API_VERSION'] as const;
const local = [
  'EMBEDDING_MODEL_DIR',
  'EMBEDDING_MODEL_DOWNLOAD',
  'EMBEDDING_MODEL_DTYPE',
  'EMBEDDING_POOLING',
] as const;

/** Which variables each embedder needs, and which others it takes. */
export const embedderVariables: Readonly<Record<EmbedderConfig['kind'], Takes>> = {
  static: { required: [], optional: [], idle: ['EMBEDDING_BATCH_SIZE', ...calls] },
  openai: {
    required: ['EMBEDDING_BASE_URL', ...named],
    optional: ['EMBEDDING_API_KEY', 'EMBEDDING_ENCODING', ...anyService, ...prefixes],
  },
  azure: {
    required: ['EMBEDDING_BASE_URL', 'EMBEDDING_API_KEY', ...named],
    optional: [...azure, 'EMBEDDING_ENCODING', ...anyService, ...prefixes],
  },
  ollama: { required: named, optional: ['EMBEDDING_BASE_URL', 'EMBEDDING_API_KEY', ...anyService, ...prefixes] },
  cohere: { required: ['EMBEDDING_API_KEY', ...named], optional: ['EMBEDDING_BASE_URL', ...anyService] },
  voyage: {
    required: ['EMBEDDING_API_KEY', ...named],
    optional: ['EMBEDDING_BASE_URL', 'EMBEDDING_ENCODING', ...anyService],
  },
  local: { required: named, optional: [...local, ...anyModel, ...prefixes], idle: calls },
};

const all = [
  ...new Set(Object.values(embedderVariables).flatMap(({ required, optional }) => [...required, ...optional])),
];

/** Each embedder has what it needs, and nothing that it takes no notice of. */
export const embedderIsComplete: Rule = ({ given, values: { EMBEDDER: kind } }) =>
  kind === undefined ? [] : findFaults(given, kind, '');

/** The same of the second one, where there is one. */
export const nextEmbedderIsComplete: Rule = ({ given, values: { NEXT_EMBEDDER: kind, ...values } }) => {
  const faults = findFaults(given, kind ?? 'static', nextPrefix);
  if (!given.has('NEXT_EMBEDDER')) {
    const idle = faults.map(({ variable }) => variable);
    return [...idle, ...(given.has('NEXT_WORKER_CONCURRENCY') ? (['NEXT_WORKER_CONCURRENCY'] as const) : [])].map(
      (variable) => ({ variable, sentence: 'set, but NEXT_EMBEDDER is not; set it, or remove this' }),
    );
  }
  if (kind === undefined || kind !== values.EMBEDDER || faults.length > 0) return faults;
  if (kind !== 'static' && values.NEXT_EMBEDDING_MODEL !== values.EMBEDDING_MODEL) return [];
  const variable = kind === 'static' ? 'NEXT_EMBEDDER' : 'NEXT_EMBEDDING_MODEL';
  return [{ variable, sentence: 'names the same model as without NEXT_; allowed: another one' }];
};

function findFaults(given: Draft['given'], kind: EmbedderConfig['kind'], prefix: '' | typeof nextPrefix): Fault[] {
  const { required, optional, idle: suffered = [] } = embedderVariables[kind];
  const isGiven = (name: Name) => given.has(`${prefix}${name}`);
  const missing = required.filter((name) => !isGiven(name));
  const idle = all.filter((name) => isGiven(name) && ![...required, ...optional, ...suffered].includes(name));
  const takers = (name: Name) =>
    Object.entries(embedderVariables).flatMap(([other, takes]) =>
      takes.required.includes(name) || takes.optional.includes(name) ? [other] : [],
    );
  const chosen = `${prefix}EMBEDDER`;
  return [
    ...missing.map((name) => ({
      variable: `${prefix}${name}` as const,
      sentence: `not set; with ${chosen}=${kind} it is required`,
    })),
    ...idle.map((name) => ({
      variable: `${prefix}${name}` as const,
      sentence: `set, but ${kind === 'static' ? 'the built-in embedder' : `${chosen}=${kind}`} takes no notice of it; set ${chosen}=${takers(name).join(', ')} or remove it`,
    })),
  ];
}
