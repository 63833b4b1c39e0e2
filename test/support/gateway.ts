import { inject } from 'vitest';
import { openAccess } from '../../src/access/open-access.ts';
import { defaultClaimNames } from '../../src/auth/claims.ts';
import { signToken, type TokenContents } from '../../src/auth/sign-token.ts';
import { openTokenKey } from '../../src/auth/token-key.ts';
import { createTokenVerifier } from '../../src/auth/verify-token.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { Secret } from '../../src/config/secret.ts';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { createReadyCheck } from '../../src/db/ready-check.ts';
import { operatorScope } from '../../src/db/scope.ts';
import { shareFlights } from '../../src/db/share-flights.ts';
import { cacheQueries } from '../../src/embed/cached-query-embedder.ts';
import type { Embedder } from '../../src/embed/embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import type { GraphQLDeps } from '../../src/graphql/context.ts';
import { createGateway, type Gateway } from '../../src/http/gateway.ts';
import type { GraphiqlOptions } from '../../src/http/graphiql-page.ts';
import type { TrustedDocuments } from '../../src/http/trusted-documents.ts';
import type { QueryLimits } from '../../src/http/use-query-limits.ts';
import type { SearchPageOptions } from '../../src/http/use-search-page.ts';
import { parseTenantId } from '../../src/ids.ts';
import { divideAnew } from '../../src/ingest/divide-anew.ts';
import type { DocumentInput } from '../../src/ingest/document-input.ts';
import { upsertDocuments } from '../../src/ingest/upsert-documents.ts';
import type { UpsertOutcome } from '../../src/ingest/write.ts';
import { createLogger } from '../../src/log.ts';
import { modelsStatement } from '../../src/models/model-statements.ts';
import { registerModels } from '../../src/models/register-model.ts';
import type { Limits } from '../../src/quota.ts';
import { createStorageCheck, createWriteCheck } from '../../src/quotas/check-write.ts';
import { meterQueries } from '../../src/quotas/meter-queries.ts';
import { openQuotas, type Quotas } from '../../src/quotas/open-quotas.ts';
import { createTunedSearch } from '../../src/recall/tuned-search.ts';
import { mapEmbedders } from '../../src/search/model-choice.ts';
import { followChanges } from '../../src/updates/follow-changes.ts';
import { createWatches, type Watches, type WatchesOptions } from '../../src/updates/watches.ts';
import type { WorkerDeps } from '../../src/worker/embed-batch.ts';
import { drain } from '../../src/worker/worker.ts';
import { openTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database.ts';
import { type Answer, readAnswer } from './graphql-answer.ts';
import { openLogArchive } from './log-archive.ts';
import { principalOf } from './principal.ts';

/** Everything that a tenant's token may allow. */
const allScopes = ['search', 'documents:read', 'documents:write', 'tenant:admin'] as const;

/** A gateway without a port, on a database of the test file's own. */
export interface TestGateway {
  readonly db: TestDatabase;
  readonly gateway: Gateway;
  readonly deps: GraphQLDeps;
  readonly workerDeps: WorkerDeps;
  /** The subscriptions. */
  readonly watches: Watches;
  /** The clock by which tokens are signed and checked; a test may set it. */
  readonly clock: { nowMs: number };
  /** Lines of the log so far, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  /** A token of a tenant: with every scope unless told otherwise. */
  tokenFor(tenant: string, scopes?: readonly string[], change?: Partial<TokenContents>): Promise<string>;
  /** Sends a GraphQL request as JSON. */
  graphql<Data = Record<string, unknown>>(
    token: string | undefined,
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer<Data>>;
  /** Sends anything to any path. */
  send<Data = Record<string, unknown>>(path: string, init: RequestInit): Promise<Answer<Data>>;
  /** Stores documents as a tenant, without their vectors. */
  upsert(tenant: string, documents: readonly DocumentInput[]): Promise<readonly UpsertOutcome[]>;
  /** Writes when API keys were last used. */
  flushKeyUses(): Promise<void>;
  /** Embeds until nothing waits. */
  embedAll(): Promise<number>;
  close(): Promise<void>;
}

export interface TestGatewayOptions extends TestDatabaseOptions {
  /** The built-in one unless given. */
  readonly embedder?: Embedder;
  /** A second one, to which tenants may move. */
  readonly nextEmbedder?: Embedder;
  readonly maxBodyBytes?: number;
  readonly queryLimits?: Partial<QueryLimits>;
  readonly trustedDocuments?: TrustedDocuments;
  readonly requestTimeoutMs?: number;
  readonly introspection?: boolean;
  readonly federation?: boolean;
  /** Limits of tenants for which no others were set; none unless given. */
  readonly limits?: Limits;
  readonly quotaWindowSeconds?: Quotas['windowSeconds'];
  readonly graphiql?: GraphiqlOptions;
  readonly searchPage?: SearchPageOptions;
  readonly corsOrigins?: readonly string[];
  readonly localOnly?: boolean;
  /** Serves the database of another test gateway, which closes it. */
  readonly beside?: TestGateway;
  /** Of subscriptions; those of the configuration unless given. */
  readonly subscriptions?: Partial<Pick<WatchesOptions, 'perTenant' | 'perProcess' | 'everyMs' | 'follow'>>;
  /** Holds subscriptions in others than the gateway's own, such as ones that tell when they look. */
  readonly watchesFrom?: (own: Watches) => Watches;
  /** Serves from another database than the test's own, such as one that cannot be reached. */
  readonly serveFrom?: (own: Database) => Promise<Database>;
  /** Finds out who calls from another database than the test's own, such as one that counts. */
  readonly accessFrom?: (own: Database) => Promise<Database>;
  /** Told of texts that are searched by meaning. */
  readonly noteQuery?: GraphQLDeps['noteQuery'];
}

/** Those of the configuration. */
const { query: defaultQueryLimits, subscriptions: defaultSubscriptions } = loadConfig({}).http;

const secret = new Secret('the shared secret of the tests, which nobody else knows');
const issuer = 'https://issuer.example';
const audience = 'tessera-test';

const archive = openLogArchive(inject('logArchive'));

/** Opens a gateway on a migrated database of its own. Close it in `afterAll`. */
export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const same = async (own: Database) => own;
  const { embedder = loadStaticEmbedder(), serveFrom = same, accessFrom = same } = options;
  const db = options.beside?.db ?? (await openTestDatabase(options));
  const { nextEmbedder } = options;
  const models = nextEmbedder ? [embedder.model, nextEmbedder.model] : [embedder.model];
  const [modelId, nextId] = (await registerModels(db.database, models, 'gateway')) as [number, number?];
  const next = nextEmbedder && nextId !== undefined ? { embedder: nextEmbedder, modelId: nextId } : undefined;
  const served = await serveFrom(db.database);
  const clock = { nowMs: Date.parse('2026-03-01T12:00:00Z') };
  const logged: Record<string, unknown>[] = [];
  // Everything is looked through in the end; tests see what an operator sees.
  const write = (line: string) => {
    archive.addLog(line);
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (entry.level !== 'debug') logged.push(entry);
  };
  const log = createLogger({ level: 'debug', destination: { write } });
  const { watchesFrom = (own) => own } = options;
  const ownWatches = createWatches({
    ...defaultSubscriptions,
    checkEveryMs: 100,
    follow: () =>
      db.kind === 'server'
        ? followChanges(db.database, ownWatches.change, log, { url: db.urls.gateway, beatMs: 500 })
        : { close: async () => {} },
    onFailure: (error) => log.warn({ err: error }, 'a subscription could not look; it tries again'),
    ...options.subscriptions,
  });
  const watches = watchesFrom(ownWatches);
  const told = db.kind === 'embedded' && { announceChange: watches.change };
  const database = { ...served, ...told };
  const access = await openAccess({
    database: await accessFrom(db.database),
    verifyToken: createTokenVerifier({
      key: await openTokenKey({ kind: 'hs256', secret }),
      issuer,
      audience,
      algorithms: ['HS256'],
      clockToleranceSeconds: 5,
      claims: defaultClaimNames,
      now: () => clock.nowMs,
    }),
    log,
    now: () => clock.nowMs,
  });
  const quotas = await openQuotas({
    database: db.database,
    defaults: options.limits ?? {},
    log,
    ...(options.quotaWindowSeconds && { windowSeconds: options.quotaWindowSeconds }),
  });
  const tuned = createTunedSearch({ database });
  const deps: GraphQLDeps = {
    database,
    embedder: cacheQueries(embedder, { maxEntries: 1_000 }),
    modelId,
    chunking: { countTokens: embedder.countTokens, maxTokens: 200, overlapTokens: 40 },
    onPending: () => {},
    ...tuned,
    choice: { activeModel: tuned.activeModel, forget: tuned.forget, ...(next && { other: next }) },
    checkWrite: createWriteCheck(quotas, embedder.countTokens),
    limits: quotas.limits,
    noteQuery: options.noteQuery,
    onRevoked: access.onRevoked,
    watches,
  };
  const checkStored = createStorageCheck(options.limits ?? {});
  const workerDeps: WorkerDeps = {
    ...{ database: { ...db.worker, ...told }, embedder, modelId, other: next },
    divideAnew: (tenantId, jobId, ids) =>
      divideAnew({ database: db.worker, chunking: deps.chunking, checkStored }, tenantId, jobId, ids),
  };
  const checkApart = createReadyCheck(database, { trustForMs: 0 });
  const gateway = createGateway({
    depsForRequest: (signal, principal) => ({
      ...deps,
      database: shareFlights(deps.database, signal),
      ...(principal && mapEmbedders(deps, (one) => meterQueries(one, quotas, principal))),
    }),
    spendQuotas: quotas.spend,
    verifyToken: access.authenticate,
    log,
    isReady: async () => {
      await readInFlight(database, operatorScope, [modelsStatement()]);
      await checkApart();
    },
    introspection: options.introspection ?? true,
    federation: options.federation ?? false,
    graphiql: options.graphiql,
    searchPage: options.searchPage,
    maxBodyBytes: options.maxBodyBytes ?? 4_194_304,
    trustedDocuments: options.trustedDocuments,
    queryLimits: { ...defaultQueryLimits, ...options.queryLimits },
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    corsOrigins: options.corsOrigins ?? [],
    localOnly: options.localOnly ?? false,
  });

  const send: TestGateway['send'] = async (path, init) =>
    readAnswer(await gateway.fetch(`http://tessera.test${path}`, init));

  return {
    db,
    gateway,
    deps,
    workerDeps,
    watches,
    clock,
    logged,
    send,
    tokenFor: (tenant, scopes = allScopes, change = {}) =>
      signToken(
        secret,
        {
          tenantId: parseTenantId(tenant),
          subject: 'somebody',
          scopes,
          issuer,
          audience,
          ttlSeconds: 3_600,
          claims: defaultClaimNames,
          ...change,
        },
        { now: () => clock.nowMs },
      ),
    graphql: (token, query, variables = {}, headers = {}) => {
      archive.addTexts(variables);
      return send('/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
    },
    upsert: (tenant, documents) => {
      archive.addTexts(documents);
      return upsertDocuments(deps, principalOf(tenant), documents);
    },
    flushKeyUses: access.flush,
    embedAll: () => drain(workerDeps),
    close: async () => {
      await watches.close();
      await access.close();
      if (served !== db.database) await served.close();
      if (!options.beside) await db.close();
    },
  };
}
