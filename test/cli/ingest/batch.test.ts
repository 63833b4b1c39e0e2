import { expect, test } from 'vitest';
import { createBatch } from '../../../src/cli/ingest/batch.ts';

const document = (externalId: string, collection = 'default') => ({ externalId, collection, title: 'A', body: 'B' });

test('a batch is full when it has its number of documents', () => {
  const batch = createBatch({ documents: 2, sizeBytes: 1_000 });
  for (const id of ['a', 'b']) {
    expect(batch.hasRoom(document(id), 10)).toBe(true);
    batch.add(document(id), 10, 1);
  }
  expect(batch.hasRoom(document('c'), 10)).toBe(false);
  batch.clear();
  expect(batch.hasRoom(document('c'), 10)).toBe(true);
});

test('a batch is full when it has its bytes; a document that is larger than that goes alone', () => {
  const batch = createBatch({ documents: 100, sizeBytes: 100 });
  batch.add(document('a'), 60, 1);
  expect([batch.hasRoom(document('b'), 39), batch.hasRoom(document('b'), 40)]).toEqual([true, false]);
  batch.clear();
  expect(batch.hasRoom(document('b'), 1_000)).toBe(true);
});

test('a key comes once in a batch, and each collection has its own keys', () => {
  const batch = createBatch({ documents: 100, sizeBytes: 1_000 });
  batch.add(document('a', 'notes'), 10, 7);
  expect([batch.hasRoom(document('a', 'notes'), 10), batch.hasRoom(document('a', 'posts'), 10)]).toEqual([false, true]);
  expect([batch.documents, batch.lines]).toEqual([[document('a', 'notes')], [7]]);
});
