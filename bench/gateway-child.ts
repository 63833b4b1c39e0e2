import { defaultClaimNames } from '../src/auth/claims.ts';
import { signToken } from '../src/auth/sign-token.ts';
import { Secret } from '../src/config/secret.ts';
import { parseTenantId } from '../src/ids.ts';
import { type BenchChild, startChild } from './bench-child.ts';
import { benchModel } from './seed-tessera.ts';
import { dimensions } from './vector-source.ts';

/** A running gateway in a process of its own. */
export interface GatewayChild extends BenchChild {
  tokenFor(tenantId: string): Promise<string>;
}

const secret = 'the shared secret of the benchmark, which guards nothing';
const issuer = 'https://issuer.example';
const audience = 'tessera-bench';

export interface GatewayChildOptions {
  readonly databaseUrl: string;
  readonly embeddingUrl: string;
  /** Flags for Node, such as a profiler's. */
  readonly execArgv?: readonly string[];
}

export async function startGateway(options: GatewayChildOptions): Promise<GatewayChild> {
  const child = await startChild('./gateway-process.ts', {
    execArgv: options.execArgv ?? [],
    env: {
      PORT: '0',
      DATABASE_URL: options.databaseUrl,
      JWT_HS256_SECRET: secret,
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
      EMBEDDER: 'openai',
      EMBEDDING_BASE_URL: options.embeddingUrl,
      EMBEDDING_MODEL: benchModel,
      EMBEDDING_DIMENSIONS: String(dimensions),
    },
  });
  const tokens = new Map<string, Promise<string>>();
  return {
    ...child,
    tokenFor: (tenantId) => {
      const token = tokens.get(tenantId) ?? sign(tenantId);
      tokens.set(tenantId, token);
      return token;
    },
  };
}

function sign(tenantId: string): Promise<string> {
  return signToken(new Secret(secret), {
    tenantId: parseTenantId(tenantId),
    subject: 'bench',
    scopes: ['search', 'documents:read'],
    issuer,
    audience,
    claims: defaultClaimNames,
    ttlSeconds: 24 * 3_600,
  });
}
