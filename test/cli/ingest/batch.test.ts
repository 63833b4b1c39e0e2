import { expect, test } from 'vitest';
import { gatherBatches } from '../../../src/cli/ingest/batch.ts';

const document = (externalId: string, collection = 'default') => ({ externalId, collection, title: 'A', body: 'B' });
const read = (externalId: string, sizeBytes = 10, collection = 'default') => ({
  document: document(externalId, collection),
  sizeBytes,
});
const withVector = (externalId: string) => ({ ...read(externalId), vectors: [new Float32Array(10)] });

test('a batch is full when it has its number of documents', () => {
  const batch = gatherBatches({ documents: 2, sizeBytes: 1_000 });
  for (const id of ['a', 'b']) {
    expect(batch.hasRoom(read(id))).toBe(true);
    batch.add(read(id), 'Line 1');
  }
  expect(batch.hasRoom(read('c'))).toBe(false);
  expect(batch.take().documents.length).toBe(2);
  expect(batch.hasRoom(read('c'))).toBe(true);
});

test('a batch is full when it has its bytes; a document that is larger than that goes alone', () => {
  const batch = gatherBatches({ documents: 100, sizeBytes: 100 });
  batch.add(read('a', 60), 'Line 1');
  expect([batch.hasRoom(read('b', 39)), batch.hasRoom(read('b', 40))]).toEqual([true, false]);
  batch.take();
  expect(batch.hasRoom(read('b', 1_000))).toBe(true);
});

test('a key comes once in a batch, and each collection has its own keys', () => {
  const batch = gatherBatches({ documents: 100, sizeBytes: 1_000 });
  batch.add(read('a', 10, 'notes'), 'Line 7');
  expect([batch.hasRoom(read('a', 10, 'notes')), batch.hasRoom(read('a', 10, 'posts'))]).toEqual([false, true]);
  expect(batch.take()).toEqual({ documents: [document('a', 'notes')], names: ['Line 7'], vectors: [] });
});

test('documents with vectors and documents without go apart, and vectors take their room', () => {
  const batch = gatherBatches({ documents: 100, sizeBytes: 110 });
  batch.add(withVector('a'), 'Line 1');
  expect(batch.hasRoom(read('b', 1))).toBe(false);
  expect(batch.hasRoom(withVector('b'))).toBe(true);
  batch.add(withVector('b'), 'Line 2');
  expect(batch.hasRoom(withVector('c'))).toBe(false);
  expect(batch.take().vectors.length).toBe(2);
  batch.add(read('b', 1), 'Line 3');
  expect(batch.hasRoom(withVector('c'))).toBe(false);
});
