import { openAccess } from '../access/open-access.ts';
import type { Config } from '../config/config.ts';
import { createAnnouncer, workChannel } from '../db/announce.ts';
import { type Database, readInFlight } from '../db/database.ts';
import { createReadyCheck } from '../db/ready-check.ts';
import { operatorScope } from '../db/scope.ts';
import { shareFlights } from '../db/share-flights.ts';
import type { GraphQLDeps } from '../graphql/context.ts';
import { createGateway, type Gateway } from '../http/gateway.ts';
import type { GraphiqlOptions } from '../http/graphiql-page.ts';
import { readTrustedDocuments } from '../http/trusted-documents.ts';
import type { SearchPageOptions } from '../http/use-search-page.ts';
import type { Logger } from '../log.ts';
import { followModels } from '../models/follow-models.ts';
import { modelsStatement } from '../models/model-statements.ts';
import { registerModels } from '../models/register-model.ts';
import { createWriteCheck } from '../quotas/check-write.ts';
import { meterQueries } from '../quotas/meter-queries.ts';
import { openQuotas, type Quotas } from '../quotas/open-quotas.ts';
import { createQuerySampler, type QuerySampler } from '../recall/query-sampler.ts';
import { createTunedSearch } from '../recall/tuned-search.ts';
import { mapEmbedders } from '../search/model-choice.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { openGatewayDatabase } from './databases.ts';
import { chunkingFor, openEmbedders } from './embedders.ts';
import { openMetrics } from './open-metrics.ts';
import { openWatches } from './open-watches.ts';
import { openVerifier } from './tokens.ts';
import { openWorkerInServe, type WorkerInServe } from './worker-in-serve.ts';

/** The second model of a process, where it has one. */
interface OtherModel {
  readonly modelId: number;
  readonly embedders: NonNullable<Awaited<ReturnType<typeof openEmbedders>>['next']>;
}

/** Everything that a running gateway consists of, built once and passed down. */
export interface Application {
  readonly gateway: Gateway;
  readonly deps: GraphQLDeps;
  /** There when this process embeds too. */
  readonly workerDeps: WorkerDeps | undefined;
  /** Says where it serves, to commands that find the embedded database in use. */
  announce(url: string): Promise<void>;
  /** Ends the subscriptions, for whose ends nobody would wait. */
  endSubscriptions(): Promise<void>;
  /** Ends the worker, then the connections. */
  close(): Promise<void>;
}

export interface ApplicationOptions {
  readonly graphiql?: (deps: GraphQLDeps) => GraphiqlOptions;
  readonly searchPage?: SearchPageOptions;
}

/**
 * The composition root: opens the database, registers the model, starts the worker where it belongs, and builds the gateway.
 * @throws {StartupError} when anything is not as it must be.
 */
export async function openApplication(
  config: Config,
  log: Logger,
  options: ApplicationOptions = {},
): Promise<Application> {
  const metrics = openMetrics(config, log);
  const embedders = await openEmbedders(config, log, metrics?.embedding);
  const chunking = chunkingFor(embedders.documents, embedders.next?.documents, config.chunk);
  const verifyToken = await openVerifier(config);
  const { trusted } = config.http;
  const trustedDocuments = trusted && (await readTrustedDocuments(trusted.path, trusted.only));
  const { database: opened, announce } = await openGatewayDatabase(config, log);
  const { watches, database } = openWatches(config, metrics?.watch('gateway', opened) ?? opened, log);
  const counted = metrics?.openGateway(database);
  const closing = [() => database.close(), embedders.close, watches.close];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const { next } = embedders;
    const models = next ? [embedders.queries.model, next.queries.model] : [embedders.queries.model];
    const [modelId, otherId] = (await registerModels(database, models, 'gateway')) as [number, number?];
    const other = next && otherId !== undefined ? { modelId: otherId, embedders: next } : undefined;
    const embedding = {
      modelId,
      embedder: embedders.documents,
      other: other && { embedder: other.embedders.documents, modelId: other.modelId },
    };
    const worker = config.workerInServe
      ? await openWorkerInServe(config, database, embedding, log, metrics)
      : undefined;
    if (worker) closing.push(worker.close);
    const access = await openAccess({
      database,
      verifyToken,
      log,
      ...(config.mode === 'server' && { url: config.database.listenUrl.reveal() }),
    });
    closing.push(() => access.close());
    const quotas = await openQuotas({ database, defaults: config.limits, log, onRefused: counted?.onRefused });
    const { rate } = config.sampleQueries;
    const sampler = rate > 0 ? createQuerySampler({ database, log, rate }) : undefined;
    if (sampler) closing.push(sampler.close);
    const deps = {
      ...createDeps(database, modelId, other, worker, quotas, sampler),
      onRevoked: access.onRevoked,
      watches,
    };
    if (other && config.mode === 'server') {
      const listener = followModels(database, deps.choice.forget, log, { url: config.database.listenUrl.reveal() });
      closing.push(() => listener.close());
    }
    const checkApart = createReadyCheck(database);
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
      introspection: config.http.introspection,
      federation: config.http.federation,
      graphiql: config.http.graphiql ? (options.graphiql?.(deps) ?? { tabs: [] }) : undefined,
      searchPage: config.http.searchPage ? (options.searchPage ?? { tenants: [] }) : undefined,
      maxBodyBytes: config.http.maxBodyBytes,
      queryLimits: config.http.query,
      trustedDocuments,
      requestTimeoutMs: config.http.requestTimeoutMs,
      corsOrigins: config.http.corsOrigins,
      localOnly: config.mode === 'embedded',
      observeRequest: counted?.observeRequest,
    });
    if (metrics) closing.push(await metrics.serve());
    return { gateway, deps, workerDeps: worker?.deps, announce, endSubscriptions: watches.close, close };
  } catch (error) {
    await close();
    throw error;
  }

  function createDeps(
    served: Database,
    modelId: number,
    other: OtherModel | undefined,
    worker: WorkerInServe | undefined,
    quotas: Quotas,
    sampler: QuerySampler | undefined,
  ): Omit<GraphQLDeps, 'onRevoked' | 'watches'> & Required<Pick<GraphQLDeps, 'choice'>> {
    // Workers of this process hear it like any other.
    const announceWork = createAnnouncer(served, workChannel, (error) =>
      log.debug({ err: error }, 'a write was not announced; workers find it by looking'),
    );
    const tuned = createTunedSearch({ database: served });
    return {
      database: served,
      embedder: embedders.queries,
      modelId,
      chunking,
      onPending: config.mode === 'embedded' ? () => worker?.wake() : announceWork,
      checkWrite: createWriteCheck(quotas, embedders.documents.countTokens, counted?.onRefused),
      ...(counted && { onSearch: counted.onSearch }),
      ...(sampler && { noteQuery: sampler.note }),
      limits: quotas.limits,
      ...tuned,
      choice: {
        activeModel: tuned.activeModel,
        forget: tuned.forget,
        ...(other && { other: { embedder: other.embedders.queries, modelId: other.modelId } }),
      },
    };
  }
}
