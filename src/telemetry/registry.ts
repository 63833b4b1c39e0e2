import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * Makes the registry of one process, with what prom-client tells of Node itself: CPU, resident memory, the heap, the lag of
 * the event loop, garbage collection. Nothing is registered anywhere else.
 */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
