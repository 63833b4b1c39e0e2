import { afterEach, expect, test } from 'vitest';
import { StartupError } from '../../../src/errors.ts';
import { createRegistry } from '../../../src/telemetry/registry.ts';
import { createRequestMetrics } from '../../../src/telemetry/request-metrics.ts';
import { type MetricsServer, serveMetrics } from '../../../src/telemetry/serve-metrics.ts';

const servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function open(registry = createRegistry(), port = 0) {
  const failures: unknown[] = [];
  const server = await serveMetrics(registry, { host: '127.0.0.1', port, onFailure: (error) => failures.push(error) });
  servers.push(server);
  return { ...server, failures };
}

test('serves what was counted, as Prometheus reads it', async () => {
  const registry = createRegistry();
  const count = createRequestMetrics(registry);
  count('OK', 12);
  count('FORBIDDEN', 1);
  count('OK', 700);
  const { url } = await open(registry);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text).toContain('\ntessera_requests_total{code="OK"} 2\n');
  expect(text).toContain('\ntessera_requests_total{code="FORBIDDEN"} 1\n');
  expect(text).toContain('\ntessera_request_duration_seconds_bucket{le="0.025"} 2\n');
  expect(text).toContain('\ntessera_request_duration_seconds_count 3\n');
  expect(text).toMatch(/\nprocess_resident_memory_bytes \d+\n/);
  expect(text).toMatch(/\nnodejs_eventloop_lag_seconds [\d.e-]+\n/);
});

test('serves nothing else, and lets nobody write', async () => {
  const { url } = await open();
  expect((await fetch(url.replace('/metrics', '/graphql'))).status).toBe(404);
  const posted = await fetch(url, { method: 'POST', body: 'x' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await fetch(`${url}?a=b`)).status).toBe(200);
});

test('two registries of one process know nothing of each other', async () => {
  const [first, second] = [createRegistry(), createRegistry()];
  createRequestMetrics(first)('OK', 1);
  createRequestMetrics(second);
  expect(await second.metrics()).not.toContain('tessera_requests_total{code="OK"}');
});

test('a port that is taken is told with the variable to set', async () => {
  const { url } = await open();
  const port = Number(new URL(url).port);
  const refused = open(createRegistry(), port);
  await expect(refused).rejects.toThrow(StartupError);
  await expect(refused).rejects.toThrow(/METRICS_PORT/);
});

test('what cannot be put together is told to the log and not to who asks', async () => {
  const registry = createRegistry();
  registry.metrics = () => Promise.reject(new Error('a reason with a password'));
  const { url, failures } = await open(registry);
  const response = await fetch(url);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('password');
  expect(failures).toHaveLength(1);
});
