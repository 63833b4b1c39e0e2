import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Batch } from '../../../src/cli/ingest/batch.ts';
import type { BatchStore } from '../../../src/cli/ingest/batch-store.ts';
import { fileStart } from '../../../src/cli/ingest/json-lines.ts';
import { loadFile } from '../../../src/cli/ingest/load-file.ts';
import type { Source, SourceItem } from '../../../src/cli/ingest/source.ts';

/** As many documents, one to a batch, that tell when they are read. */
function sourceOf(count: number, told: string[]): Source {
  async function* read(): AsyncGenerator<SourceItem> {
    for (let row = 0; row < count; row++) {
      told.push(`read ${row}`);
      const position = { line: row + 1, offset: row + 1 };
      const value = { externalId: `${row}`, title: 'T', body: 'B' };
      yield { fields: { value }, name: `Line ${row + 1}`, row, position };
    }
  }
  return { unit: 'line', facts: { sizeBytes: count } as Source['facts'], read };
}

function load(count: number, told: string[], store: BatchStore) {
  return loadFile(store, {
    source: sourceOf(count, told),
    start: fileStart,
    limits: { documents: 1, sizeBytes: 1_000 },
    line: { collection: 'c', maxBytes: 1_000, dimensions: 4 },
    skipInvalid: false,
    signal: new AbortController().signal,
    onInvalid: () => {},
    onCommitted: async (position) => {
      told.push(`committed ${position.line - 1}`);
    },
  });
}

const nameOf = ({ documents }: Batch) => documents[0]?.externalId;

/** Stores nothing, slowly, and tells what it is asked to do. */
function slowStore(told: string[], saysSent: boolean): BatchStore {
  return (batch) => {
    told.push(`readied ${nameOf(batch)}`);
    return async (_, onSent) => {
      told.push(`begun ${nameOf(batch)}`);
      await setImmediate();
      told.push(`sent ${nameOf(batch)}`);
      if (saysSent) onSent();
      for (let turn = 0; turn < 50; turn++) await setImmediate();
      told.push(`stored ${nameOf(batch)}`);
      const writeVectors = async () => {
        told.push(`vectors ${nameOf(batch)}`);
        for (let turn = 0; turn < 10; turn++) await setImmediate();
        return 1;
      };
      return { statuses: ['CREATED'], faults: new Map(), jobId: undefined, writeVectors };
    };
  };
}

test('the next batch is read and readied, and vectors are written, while a batch is waited for and not before it is sent', async () => {
  const told: string[] = [];
  expect(await load(4, told, slowStore(told, true))).toMatchObject({ created: 4, vectors: 4 });
  const at = (event: string) => told.indexOf(event);
  for (const next of [1, 2, 3]) {
    expect(at(`readied ${next}`)).toBeGreaterThan(at(`sent ${next - 1}`));
    expect(at(`readied ${next}`)).toBeLessThan(at(`stored ${next - 1}`));
    expect(at(`vectors ${next - 1}`)).toBeGreaterThan(at(`sent ${next}`));
    expect(at(`vectors ${next - 1}`)).toBeLessThan(at(`stored ${next}`));
  }
  expect(told.filter((event) => event.startsWith('committed'))).toEqual([0, 1, 2, 3].map((n) => `committed ${n}`));
});

test('batches in which there is nothing to wait for hold nothing up', async () => {
  const told: string[] = [];
  expect(await load(4, told, slowStore(told, false))).toMatchObject({ created: 4, vectors: 4 });
  expect(told.at(-1)).toBe('committed 3');
});

test('a batch that fails ends the load, and what was stored before it is recorded', async () => {
  const told: string[] = [];
  const store = slowStore(told, true);
  const failing: BatchStore = (batch) => {
    const storeBatch = store(batch);
    return nameOf(batch) === '2' ? () => Promise.reject(new Error('The server is gone.')) : storeBatch;
  };
  await expect(load(4, told, failing)).rejects.toThrow('The server is gone.');
  expect(told).toContain('committed 1');
  expect(told).not.toContain('begun 3');
});
