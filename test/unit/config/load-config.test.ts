import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../../src/config/load-config.ts';
import { variables } from '../../../src/config/variables.ts';
import { faultsOf, openai, server } from './environments.ts';

describe('an empty environment', () => {
  test('is embedded development mode on loopback with a generated key', () => {
    expect(loadConfig({})).toEqual({
      mode: 'embedded',
      dataDir: '.tessera',
      limits: {},
      auditRetentionDays: undefined,
      sampleQueries: { rate: 0, days: 30 },
      logLevel: 'info',
      http: {
        host: '127.0.0.1',
        port: 4000,
        graphiql: true,
        searchPage: true,
        introspection: true,
        federation: false,
        corsOrigins: [],
        maxBodyBytes: 4_194_304,
        trusted: undefined,
        query: { tokens: 10_000, depth: 15, aliases: 50, directives: 50, cost: 10_000 },
        requestTimeoutMs: 30_000,
        subscriptions: { perTenant: 100, perProcess: 1_000 },
      },
      token: {
        key: { kind: 'generated' },
        issuer: 'tessera-development',
        audience: 'tessera',
        algorithms: ['HS256'],
        type: undefined,
        clockToleranceSeconds: 5,
        claims: { tenant: 'tenant', subject: 'sub', groups: 'groups', scopes: 'scope' },
      },
      embedder: { kind: 'static' },
      chunk: { maxTokens: 200, overlapTokens: 40 },
      workerInServe: true,
      workerConcurrency: 4,
      nextWorkerConcurrency: 4,
      deletedDocumentHours: 168,
      driftCheckMinutes: 360,
      database: { statementTimeoutMs: 10_000 },
    });
  });

  test('equals one in which every variable is empty', () => {
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });

  test('equals one with unknown variables', () => {
    expect(loadConfig({ PATH: '/bin', TESSERA: 'x', constructor: 'y' })).toEqual(loadConfig({}));
  });
});

describe('server mode', () => {
  test('turns the explorer, introspection and the worker off unless they are asked for', () => {
    const quiet = loadConfig(server);
    expect([
      quiet.mode,
      quiet.http.graphiql,
      quiet.http.searchPage,
      quiet.http.introspection,
      quiet.workerInServe,
    ]).toEqual(['server', false, false, false, false]);
    const asked = loadConfig({
      ...server,
      GRAPHIQL: 'true',
      SEARCH_PAGE: 'true',
      INTROSPECTION: '1',
      WORKER_IN_SERVE: 'TRUE',
    });
    expect([asked.http.graphiql, asked.http.searchPage, asked.http.introspection, asked.workerInServe]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test('gives the worker the connection of the gateway unless it has its own', () => {
    const shared = loadConfig(server);
    const own = loadConfig({ ...server, WORKER_DATABASE_URL: 'postgresql://worker@db/app' });
    expect(shared.mode === 'server' && shared.database.workerUrl.reveal()).toBe(server.DATABASE_URL);
    expect(own.mode === 'server' && own.database.workerUrl.reveal()).toBe('postgresql://worker@db/app');
  });

  test('may listen on every address', () => {
    expect(loadConfig({ ...server, HOST: '0.0.0.0' }).http.host).toBe('0.0.0.0');
  });

  test('takes public key algorithms with a key set', () => {
    const keys = { ...server, JWT_HS256_SECRET: '' };
    const byUrl = loadConfig({ ...keys, JWT_JWKS_URL: 'https://login.example.com/keys' });
    expect(byUrl.token.key).toEqual({ kind: 'jwks-url', url: 'https://login.example.com/keys' });
    expect(byUrl.token.algorithms).toEqual(['RS256', 'PS256', 'ES256', 'EdDSA']);
    const byFile = loadConfig({ ...keys, JWT_JWKS_FILE: '/etc/keys.json', JWT_ALGORITHMS: 'ES256, RS256' });
    expect(byFile.token.key).toEqual({ kind: 'jwks-file', path: '/etc/keys.json' });
    expect(byFile.token.algorithms).toEqual(['RS256', 'ES256']);
  });

  test('takes a public key in PEM, and a file of issuers that has all that one would be told otherwise', () => {
    const keys = { ...server, JWT_HS256_SECRET: '' };
    const pem = loadConfig({ ...keys, JWT_PEM_FILE: '/etc/key.pem', JWT_TYPE: 'at+jwt' }).token;
    expect([pem.key, pem.type, pem.algorithms]).toEqual([
      { kind: 'pem-file', path: '/etc/key.pem' },
      'at+jwt',
      ['RS256', 'PS256', 'ES256', 'EdDSA'],
    ]);
    const issuers = { ...keys, JWT_ISSUER: '', JWT_AUDIENCE: '', JWT_ISSUERS_FILE: '/etc/issuers.json' };
    expect(loadConfig(issuers).token.key).toEqual({ kind: 'issuers-file', path: '/etc/issuers.json' });
  });

  test('hears revocations on the connection of the gateway unless it is given another', () => {
    const listenUrl = (env: object) => {
      const config = loadConfig({ ...server, ...env });
      return config.mode === 'server' && config.database.listenUrl.reveal();
    };
    expect(listenUrl({})).toBe(server.DATABASE_URL);
    expect(listenUrl({ LISTEN_DATABASE_URL: 'postgres://a@direct/app' })).toBe('postgres://a@direct/app');
  });

  test('lets no page of elsewhere read answers unless its origin is named', () => {
    expect(loadConfig(server).http.corsOrigins).toEqual([]);
    const named = { ...server, CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' };
    expect(loadConfig(named).http.corsOrigins).toEqual(['https://app.example.com', 'http://localhost:3000']);
  });

  test('does not start without verification settings', () => {
    expect(faultsOf({ DATABASE_URL: 'postgres://db/app' })).toEqual([
      'JWT_HS256_SECRET: no key to check tokens with; with DATABASE_URL exactly one of JWT_HS256_SECRET, JWT_JWKS_URL, JWT_JWKS_FILE, JWT_PEM_FILE and JWT_ISSUERS_FILE must be set',
      'JWT_ISSUER: not set; with DATABASE_URL it is required, so that tokens made for others are refused',
      'JWT_AUDIENCE: not set; with DATABASE_URL it is required, so that tokens made for others are refused',
    ]);
  });
});

test('an OpenAI-compatible embedder is described in full, without a slash at the end of its address', () => {
  const { embedder } = loadConfig(openai);
  expect(embedder).toMatchObject({
    kind: 'openai',
    baseUrl: 'http://embedder:8080/v1',
    model: 'text-embedding-3-small',
    dimensions: 1536,
    timeoutMs: 10_000,
    batchSize: 64,
  });
  expect(embedder.kind === 'openai' && embedder.apiKey?.reveal()).toBe('sk-hunter3');
});

test('every fault is reported at once, one line each, with exit code 78', () => {
  const env = {
    HOST: '0.0.0.0',
    PORT: 'http',
    LOG_LEVEL: 'loud',
    EMBEDDER: 'openai',
    JWT_CLOCK_TOLERANCE_SECONDS: '-1',
  };
  const error = new ConfigError([]);
  expect(error.exitCode).toBe(78);
  expect(() => loadConfig(env)).toThrow(
    [
      'The configuration has 7 faults:',
      '  PORT: received "http"; allowed: a whole number from 0 to 65535 (see .env.example)',
      '  LOG_LEVEL: received "loud"; allowed: one of fatal, error, warn, info, debug, trace, silent (see .env.example)',
      '  JWT_CLOCK_TOLERANCE_SECONDS: received "-1"; allowed: a whole number from 0 to 120 (see .env.example)',
      '  HOST: received "0.0.0.0", but without DATABASE_URL this is embedded development mode, a single-user database whose tokens are signed with a generated key, and it must not be reachable from elsewhere; allowed: localhost, 127.0.0.0/8 and ::1. To listen elsewhere, set DATABASE_URL (see .env.example)',
      '  EMBEDDING_BASE_URL: not set; with EMBEDDER=openai it is required (see .env.example)',
      '  EMBEDDING_MODEL: not set; with EMBEDDER=openai it is required (see .env.example)',
      '  EMBEDDING_DIMENSIONS: not set; with EMBEDDER=openai it is required (see .env.example)',
    ].join('\n'),
  );
});

describe('no secret is printed', () => {
  test('in a fault', () => {
    const faults = faultsOf({
      DATABASE_URL: 'mysql://root:hunter2@db/app',
      JWT_HS256_SECRET: 'hunter2',
      EMBEDDER: 'openai',
      EMBEDDING_BASE_URL: 'https://user:hunter2@host/v1?key=hunter2',
      EMBEDDING_API_KEY: 'hunter2\n',
    }).join('\n');
    expect(faults).toContain('DATABASE_URL: received a text of 27 bytes (not shown)');
    expect(faults).toContain('EMBEDDING_API_KEY: received a text of 8 bytes (not shown)');
    expect(faults).toContain('EMBEDDING_BASE_URL: received "https://[hidden]@host/v1?[hidden]"');
    expect(faults).not.toContain('hunter2');
  });

  test('with a configuration', () => {
    const config = loadConfig({ ...server, ...openai, GATEWAY_PASSWORD: 'hunter4' });
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.token.key}`,
    ].join();
    expect(printed).not.toMatch(/hunter|horse/);
    expect(printed).toContain('[secret]');
  });
});
