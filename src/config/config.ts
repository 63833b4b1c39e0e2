import type { Limits } from '../quota.ts';
import type { Algorithm } from './algorithms.ts';
import type { Secret } from './secret.ts';

/** Everything that the program was told, checked and typed. Made by `loadConfig` and from nothing else. */
export type Config = EmbeddedConfig | ServerConfig;

/** Development mode: the database runs inside the process and its files are in `dataDir`; only this machine can connect. */
export interface EmbeddedConfig extends SharedConfig {
  readonly mode: 'embedded';
  readonly database: { readonly statementTimeoutMs: number };
}

/** Server mode: a PostgreSQL server elsewhere, and tokens signed by someone else. */
export interface ServerConfig extends SharedConfig {
  readonly mode: 'server';
  readonly database: DatabaseConfig;
}

interface SharedConfig {
  /** Folder of the embedded database and of the generated signing key, as given (relative to the working directory). */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly http: HttpConfig;
  readonly token: TokenConfig;
  readonly embedder: EmbedderConfig;
  /** A second one, while tenants move from one to the other. */
  readonly nextEmbedder: EmbedderConfig | undefined;
  /** What one process embeds for one tenant at most; absent where nothing limits it. */
  readonly tenantTokensPerMinute: number | undefined;
  readonly chunk: { readonly maxTokens: number; readonly overlapTokens: number };
  /** Limits of tenants for which no others were set. */
  readonly limits: Limits;
  /** Days for which the audit log is kept; undefined: for ever. */
  readonly auditRetentionDays: number | undefined;
  /** Queries that gateways keep: the share of them, 0 for none, and for how many days. */
  readonly sampleQueries: { readonly rate: number; readonly days: number };
  /** Whether `serve` also runs the worker that embeds new chunks. */
  readonly workerInServe: boolean;
  /** How long deleted documents can be restored, in hours. */
  readonly deletedDocumentHours: number;
  /** Calls to the embedding provider that a worker has in hand at a time. */
  readonly workerConcurrency: number;
  /** The same of the second model's provider. */
  readonly nextWorkerConcurrency: number;
  /** Where metrics are served; absent where nothing is measured. */
  readonly metrics: MetricsConfig | undefined;
  /** Between two looks of a worker for drift; undefined: it never looks. */
  readonly driftCheckMinutes: number | undefined;
}

export interface MetricsConfig {
  readonly host: string;
  /** 0 lets the system pick a free port. */
  readonly port: number;
  /** Tenants that are told apart by their ids. */
  readonly mostTenants: number;
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface HttpConfig {
  /** In embedded mode always a loopback address. */
  readonly host: string;
  /** 0 lets the system pick a free port. */
  readonly port: number;
  readonly graphiql: boolean;
  readonly searchPage: boolean;
  readonly introspection: boolean;
  /** Whether it answers a federation router. */
  readonly federation: boolean;
  /** Origins whose pages may read answers in a browser. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** Documents by id; absent where requests bring their text. */
  readonly trusted: { readonly path: string; readonly only: boolean } | undefined;
  /** Bounds of one GraphQL request. */
  readonly query: {
    readonly tokens: number;
    readonly depth: number;
    readonly aliases: number;
    readonly directives: number;
    /** In points. */
    readonly cost: number;
  };
  readonly requestTimeoutMs: number;
  /** Subscriptions that one gateway holds at most. */
  readonly subscriptions: { readonly perTenant: number; readonly perProcess: number };
}

export interface DatabaseConfig {
  /** Connection of the gateway. */
  readonly url: Secret;
  /** Connection of the worker; the gateway's when none was given. */
  readonly workerUrl: Secret;
  /** The owner's connection, needed by `tessera migrate` only. */
  readonly migrateUrl: Secret | undefined;
  /** Connection on which revocations are heard; the gateway's when none was given. */
  readonly listenUrl: Secret;
  /** Passwords that `tessera migrate` gives the login roles it creates; without one the role's password is left alone. */
  readonly gatewayPassword: Secret | undefined;
  readonly workerPassword: Secret | undefined;
  readonly poolSize: number;
  /** Connections that one tenant may hold while another is about. */
  readonly poolShare: number | undefined;
  /** Of the time in which another tenant keeps up, the part that a tenant with a queue may use a connection, 0 to 1. */
  readonly queueShare: number;
  /** Whether connections keep statements parsed. */
  readonly prepare: boolean;
  readonly statementTimeoutMs: number;
}

/**
 * Where the keys that check tokens come from. `generated` is the signing key kept in `dataDir`, in embedded mode only; a file
 * of issuers has for each of them what else stands here.
 */
export type TokenKeyConfig =
  | { readonly kind: 'generated' }
  | { readonly kind: 'hs256'; readonly secret: Secret }
  | { readonly kind: 'jwks-url'; readonly url: string }
  | { readonly kind: 'jwks-file'; readonly path: string }
  | { readonly kind: 'pem-file'; readonly path: string }
  | { readonly kind: 'issuers-file'; readonly path: string };

/** One issuer of tokens, and where its keys are. */
export interface IssuerConfig extends TokenConfig {
  readonly key: Exclude<TokenKeyConfig, { kind: 'generated' | 'issuers-file' }>;
  /** Tenants that it may speak for; any without it. */
  readonly tenants: readonly string[] | undefined;
}

/** With a file of issuers, what its entries have in common: the tolerance and the claims. */
export interface TokenConfig {
  readonly key: TokenKeyConfig;
  readonly issuer: string;
  readonly audience: string;
  /** Never empty, and always of one family: HS* with a shared secret, the others with public keys. */
  readonly algorithms: readonly Algorithm[];
  /** What the header must say of the token's type (`typ`); anything without it. */
  readonly type: string | undefined;
  readonly clockToleranceSeconds: number;
  /** Names of the claims, each a literal key or a dotted path. */
  readonly claims: {
    readonly tenant: string;
    readonly subject: string;
    readonly groups: string;
    readonly scopes: string;
  };
}

/** The table that ships with the program, a service, or a model in this process. */
export type EmbedderConfig = { readonly kind: 'static' } | RemoteEmbedderConfig | LocalEmbedderConfig;

/** What is the same for every model that is chosen by name. `undefined` leaves it to what is known of the model. */
interface NamedModelConfig {
  readonly model: string;
  /** At least 256, the length of the coarse vector. */
  readonly dimensions: number;
  readonly matryoshka: boolean | undefined;
  readonly prefixes: { readonly query: string | undefined; readonly document: string | undefined };
  /** Of the longest text. */
  readonly maxTokens: number | undefined;
  readonly batchSize: number;
}

interface ServiceConfig extends NamedModelConfig {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: Secret | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
}

/** Form in which vectors travel; base64 takes a quarter of the bytes. */
export type VectorEncoding = 'base64' | 'float';

/** A service that embeds. */
export type RemoteEmbedderConfig =
  | (ServiceConfig & { readonly kind: 'openai' | 'voyage'; readonly encoding: VectorEncoding })
  | (ServiceConfig & {
      readonly kind: 'azure';
      readonly encoding: VectorEncoding;
      readonly deployment: string;
      readonly apiVersion: string;
    })
  | (ServiceConfig & { readonly kind: 'ollama' | 'cohere' });

/** A model in this process. */
export interface LocalEmbedderConfig extends NamedModelConfig {
  readonly kind: 'local';
  readonly modelDir: string;
  readonly download: boolean;
  readonly dtype: string;
  readonly pooling: 'mean' | 'cls' | undefined;
}
