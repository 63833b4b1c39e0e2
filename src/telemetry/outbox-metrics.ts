import { Gauge, Histogram, type Registry } from 'prom-client';
import { backgroundBuckets } from './durations.ts';

/** The outbox of one model. */
export interface OutboxState {
  readonly model: string;
  readonly waiting: number;
  /** Since the oldest was written; 0 where nothing waits. */
  readonly oldestSeconds: number;
  readonly dead: number;
}

type OutboxNumber = Exclude<keyof OutboxState, 'model'>;

/** Tells the outbox of every model, read when it is scraped. @param read gives nothing where it could not be read. */
export function createOutboxMetrics(registry: Registry, read: () => Promise<readonly OutboxState[] | undefined>): void {
  const tell = (name: string, help: string, number: OutboxNumber) =>
    new Gauge({
      name,
      help,
      labelNames: ['model'] as const,
      registers: [registry],
      async collect() {
        const states = await read();
        // Rather nothing than what was true once.
        this.reset();
        for (const state of states ?? []) this.set({ model: state.model }, state[number]);
      },
    });
  tell('tessera_outbox_waiting_chunks', 'Chunks that wait for their vector.', 'waiting');
  tell(
    'tessera_outbox_oldest_age_seconds',
    'How long the oldest of them has waited; 0 where none does.',
    'oldestSeconds',
  );
  tell('tessera_outbox_dead_letters', 'Chunks that the embedding provider refused for good.', 'dead');
}

/** Tells how long chunks waited for their vectors. @returns what is called after a commit, with the wait of each chunk. */
export function createLatencyMetrics(registry: Registry): (waitedSeconds: readonly number[]) => void {
  const latency = new Histogram({
    name: 'tessera_embedding_latency_seconds',
    help: 'Time from the write of a chunk to its vector, for each chunk.',
    buckets: [...backgroundBuckets],
    registers: [registry],
  });
  return (waitedSeconds) => {
    for (const seconds of waitedSeconds) latency.observe(seconds);
  };
}
