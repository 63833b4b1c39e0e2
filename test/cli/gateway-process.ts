import { inject } from 'vitest';
import { type EmptyDatabase, openTestDatabase } from '../support/database.ts';
import { ask, newFolder, type Program, run, start } from './program.ts';

type Urls = EmptyDatabase['urls'];

/** The settings of a gateway and a worker on a server. */
export function serverEnv({ gateway, worker }: Urls): Record<string, string> {
  return {
    DATABASE_URL: gateway,
    WORKER_DATABASE_URL: worker,
    JWT_HS256_SECRET: 'a secret of the command line tests, long enough',
    JWT_ISSUER: 'https://issuer.example',
    JWT_AUDIENCE: 'tessera',
    PORT: '0',
  };
}

/** A gateway that listens and embeds, on a server where there is one. */
export interface GatewayProcess {
  readonly url: string;
  readonly program: Program;
  /** Settings with which commands sign tokens that it knows. */
  readonly env: Record<string, string>;
  /** Asks as a tenant. */
  askAs<Data>(tenant: string, query: string): Promise<Data>;
  close(): Promise<void>;
}

/** @param settings beside those of the database and the tokens. */
export async function startGateway(settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const db = inject('testServer').kind === 'server' ? await openTestDatabase() : undefined;
  const own = db ? serverEnv(db.urls) : { DATA_DIR: await newFolder(), PORT: '0' };
  const env: Record<string, string> = { ...own, ...settings };
  const program = start(['serve'], { ...env, WORKER_IN_SERVE: 'true' });
  const [, url = ''] = await (db
    ? program.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/)
    : program.waitFor('stdout', /(http:\S+)\/graphql\s[\s\S]*Stop with/));
  return {
    url,
    program,
    env,
    askAs: async <Data>(tenant: string, query: string) => {
      const { stdout } = await run(['token', '--tenant', tenant], env);
      return (await ask(url, stdout.trim(), query)).data as Data;
    },
    close: async () => {
      await program.kill('SIGKILL');
      await db?.close();
    },
  };
}
