import { Gauge, type Registry } from 'prom-client';

/** How many indexes of a kind there are. */
export interface IndexCount {
  readonly kind: string;
  readonly valid: number;
  /** Being built, or left by a build that ended early. */
  readonly unfinished: number;
}

/** Tells how many partial indexes large tenants have, read when it is scraped. */
export function createIndexMetrics(registry: Registry, read: () => Promise<readonly IndexCount[] | undefined>): void {
  new Gauge({
    name: 'tessera_tier_indexes',
    help: 'Partial indexes of large tenants by kind, graph or words, and whether they are valid or unfinished: being built, or left by a build that was cut short.',
    labelNames: ['kind', 'state'] as const,
    registers: [registry],
    async collect() {
      const counts = await read();
      this.reset();
      for (const { kind, valid, unfinished } of counts ?? []) {
        this.set({ kind, state: 'valid' }, valid);
        this.set({ kind, state: 'unfinished' }, unfinished);
      }
    },
  });
}
