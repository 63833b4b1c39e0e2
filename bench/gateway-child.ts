import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { defaultClaimNames } from '../src/auth/claims.ts';
import { signToken } from '../src/auth/sign-token.ts';
import { Secret } from '../src/config/secret.ts';
import { parseTenantId } from '../src/ids.ts';
import { benchModel } from './seed-tessera.ts';
import { dimensions } from './vector-source.ts';

/** A running gateway in a process of its own. */
export interface GatewayChild {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Processor time that the process has used so far, in milliseconds, kernel included. */
  cpuMs(): Promise<number>;
  tokenFor(tenantId: string): Promise<string>;
  close(): Promise<void>;
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
  const child = fork(new URL('./gateway-process.ts', import.meta.url), {
    execArgv: [...(options.execArgv ?? [])],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
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
  const { url } = await answerOf<{ url: string }>(child);
  const tokens = new Map<string, Promise<string>>();
  return {
    url,
    cpuMs: async () => {
      child.send('usage');
      const { cpu } = await answerOf<{ cpu: NodeJS.CpuUsage }>(child);
      return (cpu.user + cpu.system) / 1_000;
    },
    tokenFor: (tenantId) => {
      const token = tokens.get(tenantId) ?? sign(tenantId);
      tokens.set(tenantId, token);
      return token;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
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

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The gateway's process ended with code ${code}.`);
      }),
    ]);
    return answer as Answer;
  } finally {
    settled.abort();
  }
}
