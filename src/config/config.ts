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
  readonly chunk: { readonly maxTokens: number; readonly overlapTokens: number };
  /** Whether `serve` also runs the worker that embeds new chunks. */
  readonly workerInServe: boolean;
  /** How long deleted documents can be restored, in hours. */
  readonly deletedDocumentHours: number;
  /** Calls to the embedding provider that a worker has in hand at a time. */
  readonly workerConcurrency: number;
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
}

export interface DatabaseConfig {
  /** Connection of the gateway. */
  readonly url: Secret;
  /** Connection of the worker; the gateway's when none was given. */
  readonly workerUrl: Secret;
  /** The owner's connection, needed by `tessera migrate` only. */
  readonly migrateUrl: Secret | undefined;
  /** Passwords that `tessera migrate` gives the login roles it creates; without one the role's password is left alone. */
  readonly gatewayPassword: Secret | undefined;
  readonly workerPassword: Secret | undefined;
  readonly poolSize: number;
  /** Whether connections keep statements parsed. */
  readonly prepare: boolean;
  readonly statementTimeoutMs: number;
}

/** Where the keys that check tokens come from. `generated` is the signing key kept in `dataDir`, in embedded mode only. */
export type TokenKeyConfig =
  | { readonly kind: 'generated' }
  | { readonly kind: 'hs256'; readonly secret: Secret }
  | { readonly kind: 'jwks-url'; readonly url: string }
  | { readonly kind: 'jwks-file'; readonly path: string };

export interface TokenConfig {
  readonly key: TokenKeyConfig;
  readonly issuer: string;
  readonly audience: string;
  /** Never empty, and always of one family: HS* with a shared secret, the others with public keys. */
  readonly algorithms: readonly Algorithm[];
  readonly clockToleranceSeconds: number;
  /** Names of the claims, each a literal key or a dotted path. */
  readonly claims: {
    readonly tenant: string;
    readonly subject: string;
    readonly groups: string;
    readonly scopes: string;
  };
}

/** The table that ships with the program, or a service that speaks OpenAI's `/embeddings`. */
export type EmbedderConfig = { readonly kind: 'static' } | OpenAiEmbedderConfig;

export interface OpenAiEmbedderConfig {
  readonly kind: 'openai';
  /** Without a slash at its end; `/embeddings` is added. */
  readonly baseUrl: string;
  readonly apiKey: Secret | undefined;
  readonly model: string;
  /** At least 256, the length of the coarse vector. */
  readonly dimensions: number;
  readonly timeoutMs: number;
  readonly batchSize: number;
}
