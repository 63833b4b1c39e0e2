import { resolve } from 'node:path';
import type { TokenScope } from '../auth/scopes.ts';
import type { Config } from '../config/config.ts';
import type { TenantId } from '../ids.ts';
import type { Application } from './application.ts';
import { UsageError } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { findHolder } from './data-dir-lock.ts';
import { type GraphQLEndpoint, requestGraphQL } from './graphql-request.ts';
import { everyScope, issueToken } from './tokens.ts';

export interface GatewayTarget {
  /** Address of a running gateway, without `/graphql`. Absent: whatever the settings say. */
  readonly url?: string | undefined;
  /** Absent: one is signed for the tenant. */
  readonly token?: string | undefined;
  /** May be left out where there is a token, which names its tenant. */
  readonly tenantId?: TenantId | undefined;
  /** Of the token that is signed; what documents need without it. */
  readonly scopes?: readonly TokenScope[];
}

/** A gateway that answers one tenant's requests. */
export interface GatewayClient {
  readonly tenantId: TenantId;
  /** What tells the data behind it from other data: an address, or the folder of an embedded database. */
  readonly place: string;
  /** True where this process is the only one that embeds. */
  readonly embedsAlone: boolean;
  /** The gateway where it is in this process. */
  readonly app?: Application;
  /** @throws {GatewayError} with the gateway's own sentence. */
  request<Data>(query: string, variables?: Record<string, unknown>): Promise<Data>;
  close(): Promise<void>;
}

type Way = Pick<GraphQLEndpoint, 'fetch' | 'url'> & Pick<GatewayClient, 'place' | 'embedsAlone' | 'app' | 'close'>;

/** Long enough for the largest import. The token stays on this machine, or goes to the gateway that was named. */
const ttlSeconds = 24 * 3600;

/**
 * Finds the gateway that a command talks to: the one of the address that was given; else, with the embedded database,
 * the server that has it open; else one in this process. All are asked in GraphQL, so a command cannot do more than the
 * API can.
 * @throws {StartupError} when there is none, or it does not know the token.
 */
export async function openGatewayClient(context: CommandContext, target: GatewayTarget): Promise<GatewayClient> {
  const config = context.config();
  const token = target.token ?? (await mintToken(config, target.tenantId, target.scopes));
  const way = await findWay(context, config, target.url);
  const request = <Data>(query: string, variables: Record<string, unknown> = {}) =>
    requestGraphQL<Data>({ ...way, token }, query, variables);
  try {
    const { viewer } = await request<{ viewer: { tenantId: TenantId } }>('{ viewer { tenantId } }');
    if (target.tenantId !== undefined && viewer.tenantId !== target.tenantId)
      throw new UsageError(`The token is one of tenant ${viewer.tenantId}, and --tenant names ${target.tenantId}.`);
    const { place, embedsAlone, app, close } = way;
    return { tenantId: viewer.tenantId, place, embedsAlone, request, close, ...(app && { app }) };
  } catch (error) {
    await way.close();
    throw error;
  }
}

async function mintToken(
  config: Config,
  tenantId: TenantId | undefined,
  scopes: readonly TokenScope[] = everyScope,
): Promise<string> {
  if (tenantId === undefined) throw new UsageError('--tenant is missing; it may be left out beside --token only.');
  return issueToken(config, { tenantId, subject: 'cli', scopes, ttlSeconds });
}

async function findWay(context: CommandContext, config: Config, url: string | undefined): Promise<Way> {
  if (url !== undefined) return overHttp(url, url);
  if (config.mode === 'server') return inProcess(context, config, describeServer(config.database.url.reveal()));
  const place = `embedded ${resolve(config.dataDir)}`;
  const holder = await findHolder(config.dataDir);
  return holder?.url === undefined ? inProcess(context, config, place) : overHttp(holder.url, place);
}

function overHttp(url: string, place: string): Way {
  return { fetch, url, place, embedsAlone: false, close: async () => {} };
}

/** The whole program is read in this case only: it takes longer than a search over HTTP. */
async function inProcess(context: CommandContext, config: Config, place: string): Promise<Way> {
  const { openApplication } = await import('./application.ts');
  const app = await openApplication(config, context.logger());
  return {
    fetch: (url, init) => app.gateway.fetch(url, init),
    url: 'http://in-process',
    place,
    embedsAlone: config.mode === 'embedded' && config.workerInServe,
    app,
    close: app.close,
  };
}

/** Host, port and name of a database, without its login. */
function describeServer(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}
