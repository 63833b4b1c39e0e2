import { StartupError } from '../errors.ts';
import type { Limits } from '../quota.ts';
import { publicKeyDefaults } from './algorithms.ts';
import type { Config, TokenConfig, TokenKeyConfig } from './config.ts';
import { buildEmbedder, buildNextEmbedder } from './embedder-config.ts';
import type { Fault } from './rule.ts';
import { isServerMode, rules } from './rules.ts';
import type { Variable } from './variable.ts';
import { type Values, type VariableName, variables } from './variables.ts';

/** The texts of the environment, `process.env` or a test's own. An empty text counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment cannot be used. Its message has one line for each fault. Exit code 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends StartupError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const heading = `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`;
    const lines = faults.map(({ variable, sentence }) => `  ${variable}: ${sentence} (see .env.example)`);
    super([heading, ...lines].join('\n'), { exitCode: 78 });
    this.faults = faults;
  }
}

/**
 * Reads the configuration. Pure: it opens no file and knows no environment but the one it is given. Variables it does not know are ignored.
 * @throws {ConfigError} that lists every fault at once.
 */
export function loadConfig(env: Environment): Config {
  const given = new Set<VariableName>();
  const values: Partial<Record<VariableName, unknown>> = {};
  const faults: Fault[] = [];
  for (const [name, variable] of Object.entries(variables) as [VariableName, Variable][]) {
    const text = env[name] === '' ? undefined : env[name];
    if (text !== undefined) given.add(name);
    const result = variable.schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else faults.push({ variable: name, sentence: `received ${show(variable, text)}; allowed: ${variable.allowed}` });
  }
  const draft = { given, values: values as Partial<Values> };
  faults.push(...rules.flatMap((rule) => rule(draft)));
  if (faults.length > 0) throw new ConfigError(faults);
  return buildConfig(values as Values, isServerMode(draft));
}

/** A received text for a message: never a secret, never a password in a URL, never more than a line. */
function show({ secret }: Variable, text = ''): string {
  if (secret) return `a text of ${Buffer.byteLength(text)} bytes (not shown)`;
  const harmless = text.replace(/\/\/[^/]*@/, '//[hidden]@').replace(/(:\/\/[^?#]*)[?#].*/s, '$1?[hidden]');
  return JSON.stringify(harmless.length > 80 ? `${harmless.slice(0, 80)}...` : harmless);
}

/** Faultless values in the shape that the program uses. */
function buildConfig(values: Values, serverMode: boolean): Config {
  const shared = {
    dataDir: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
    http: {
      host: values.HOST,
      port: values.PORT,
      graphiql: values.GRAPHIQL ?? !serverMode,
      searchPage: values.SEARCH_PAGE ?? !serverMode,
      introspection: values.INTROSPECTION ?? !serverMode,
      federation: values.FEDERATION,
      corsOrigins: values.CORS_ORIGINS ?? [],
      maxBodyBytes: values.MAX_BODY_BYTES,
      trusted:
        values.TRUSTED_DOCUMENTS_FILE === undefined
          ? undefined
          : { path: values.TRUSTED_DOCUMENTS_FILE, only: values.TRUSTED_DOCUMENTS_ONLY ?? true },
      query: {
        tokens: values.MAX_QUERY_TOKENS,
        depth: values.MAX_QUERY_DEPTH,
        aliases: values.MAX_QUERY_ALIASES,
        directives: values.MAX_QUERY_DIRECTIVES,
        cost: values.MAX_QUERY_COST,
      },
      requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
      subscriptions: {
        perTenant: values.MAX_SUBSCRIPTIONS_PER_TENANT,
        perProcess: values.MAX_SUBSCRIPTIONS,
      },
    },
    token: buildToken(values),
    embedder: buildEmbedder(values),
    nextEmbedder: buildNextEmbedder(values),
    tenantTokensPerMinute: values.EMBEDDING_TENANT_TOKENS_PER_MINUTE,
    chunk: { maxTokens: values.CHUNK_TOKENS, overlapTokens: values.CHUNK_OVERLAP_TOKENS },
    limits: buildLimits(values),
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    sampleQueries: { rate: values.SAMPLE_QUERIES, days: values.SAMPLE_QUERIES_DAYS },
    workerInServe: values.WORKER_IN_SERVE ?? !serverMode,
    deletedDocumentHours: values.DELETED_DOCUMENT_HOURS,
    workerConcurrency: values.WORKER_CONCURRENCY,
    nextWorkerConcurrency: values.NEXT_WORKER_CONCURRENCY ?? values.WORKER_CONCURRENCY,
    metrics:
      values.METRICS_PORT === undefined
        ? undefined
        : { host: values.METRICS_HOST, port: values.METRICS_PORT, mostTenants: values.METRICS_TENANTS },
    driftCheckMinutes: values.DRIFT_CHECK_MINUTES === 0 ? undefined : values.DRIFT_CHECK_MINUTES,
  };
  const statementTimeoutMs = values.STATEMENT_TIMEOUT_MS;
  if (values.DATABASE_URL === undefined) return { mode: 'embedded', ...shared, database: { statementTimeoutMs } };
  const database = {
    url: values.DATABASE_URL,
    workerUrl: values.WORKER_DATABASE_URL ?? values.DATABASE_URL,
    migrateUrl: values.MIGRATE_DATABASE_URL,
    listenUrl: values.LISTEN_DATABASE_URL ?? values.DATABASE_URL,
    gatewayPassword: values.GATEWAY_PASSWORD,
    workerPassword: values.WORKER_PASSWORD,
    poolSize: values.DATABASE_POOL_SIZE,
    poolShare: values.DATABASE_POOL_SHARE,
    queueShare: values.DATABASE_QUEUE_SHARE / 100,
    prepare: values.DATABASE_PREPARE,
    statementTimeoutMs,
  };
  return { mode: 'server', ...shared, database };
}

function buildLimits(values: Values): Limits {
  const given = {
    requestsPerMinute: values.LIMIT_REQUESTS_PER_MINUTE,
    costPointsPerMinute: values.LIMIT_COST_POINTS_PER_MINUTE,
    embeddingTokensPerDay: values.LIMIT_EMBEDDING_TOKENS_PER_DAY,
    documents: values.LIMIT_DOCUMENTS,
    chunks: values.LIMIT_CHUNKS,
  } satisfies Record<keyof Limits, number | undefined>;
  return Object.fromEntries(Object.entries(given).filter(([, limit]) => limit !== undefined));
}

function buildToken(values: Values): TokenConfig {
  const key = buildTokenKey(values);
  const sharedSecret = key.kind === 'generated' || key.kind === 'hs256';
  return {
    key,
    issuer: values.JWT_ISSUER ?? 'tessera-development',
    audience: values.JWT_AUDIENCE ?? 'tessera',
    algorithms: values.JWT_ALGORITHMS ?? (sharedSecret ? ['HS256'] : publicKeyDefaults),
    type: values.JWT_TYPE,
    clockToleranceSeconds: values.JWT_CLOCK_TOLERANCE_SECONDS,
    claims: {
      tenant: values.JWT_TENANT_CLAIM,
      subject: values.JWT_SUBJECT_CLAIM,
      groups: values.JWT_GROUPS_CLAIM,
      scopes: values.JWT_SCOPES_CLAIM,
    },
  };
}

function buildTokenKey(values: Values): TokenKeyConfig {
  if (values.JWT_HS256_SECRET !== undefined) return { kind: 'hs256', secret: values.JWT_HS256_SECRET };
  if (values.JWT_JWKS_URL !== undefined) return { kind: 'jwks-url', url: values.JWT_JWKS_URL };
  if (values.JWT_JWKS_FILE !== undefined) return { kind: 'jwks-file', path: values.JWT_JWKS_FILE };
  if (values.JWT_PEM_FILE !== undefined) return { kind: 'pem-file', path: values.JWT_PEM_FILE };
  if (values.JWT_ISSUERS_FILE !== undefined) return { kind: 'issuers-file', path: values.JWT_ISSUERS_FILE };
  return { kind: 'generated' };
}
