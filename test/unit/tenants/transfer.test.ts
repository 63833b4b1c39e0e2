import { describe, expect, test } from 'vitest';
import { readTransferLine } from '../../../src/tenants/read-transfer.ts';
import { decodeVector, encodeVector, transferFields } from '../../../src/tenants/transfer-format.ts';

const header = {
  format: 'tessera-tenant',
  version: 1,
  exportedAt: '2026-01-01T00:00:00.000Z',
  tenant: { id: 'acme', name: 'Acme' },
  collections: [{ name: 'handbook', language: 'german', attributes: [], chunking: null }],
  model: { name: 'm', dimensions: 256 },
};
const document = {
  id: '01890000-0000-7000-8000-000000000001',
  collection: 'handbook',
  externalId: null,
  title: 'T',
  body: 'B',
  url: null,
  metadata: { year: 2026 },
  status: 'draft',
  language: 'german',
  acl: { users: ['ada'], groups: [] },
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2027-01-01T00:00:00.000Z',
};
const vectors = [{ contentHash: 'AAAA', vector: 'AAAA' }];

const read = (line: unknown) => readTransferLine(typeof line === 'string' ? line : JSON.stringify(line));

describe('a line of a transfer', () => {
  test.each([header, { ...header, model: null }, { document }, { document, vectors }, { end: { documents: 0 } }])(
    'is read as it was written: %j',
    (line) => expect(read(line)).toEqual(line),
  );

  test.each([
    ['', /it is not JSON/],
    ['[]', /not an object/],
    ['{}', /neither a header nor a document nor an end/],
    [{ end: { documents: 'many' } }, /neither a header/],
    [{ ...header, version: 2 }, /version 2; tessera-tenant, version 1, is read here/],
    [{ ...header, format: 'other' }, /the format "other"/],
    [{ ...header, tenant: 'acme' }, /the header lacks something/],
    [{ ...header, collections: [{}] }, /the header lacks something/],
    [{ ...header, model: {} }, /the header lacks something/],
    [{ document: { ...document, title: undefined } }, /the field title of the document is missing/],
    [{ document: { ...document, body: 1 } }, /the field body of the document is no string/],
    [{ document: { ...document, metadata: [] } }, /the field metadata of the document is no object/],
    [{ document: { ...document, id: 'x' } }, /the id of the document is no UUID/],
    [{ document: { ...document, createdAt: 'yesterday' } }, /the createdAt of the document is no moment/],
    [{ document: { ...document, expiresAt: 'never' } }, /the expiresAt of the document is no moment/],
    [{ document: { ...document, acl: { users: ['ada'] } } }, /the acl of the document is no list of users and groups/],
    [{ document: { ...document, acl: { users: [1], groups: [] } } }, /the acl of the document is no list/],
    [{ document: { ...document, secret: 1 } }, /there is no field "secret"; was it written by a newer version/],
    [{ document, vectors: [{}] }, /the vectors of the document are damaged/],
  ])('is refused with what is wrong: %j', (line, says) => {
    expect(read(line)).toEqual({ fault: expect.stringMatching(says) });
  });

  test('has every field that the one list names', () => {
    expect(Object.keys(document)).toEqual(Object.keys(transferFields));
  });
});

describe('a vector of a transfer', () => {
  const unit = Float32Array.from({ length: 300 }, (_, index) => Math.sin(index + 1));
  const length = Math.hypot(...unit);
  for (const index of unit.keys()) unit[index] = (unit[index] ?? 0) / length;

  test('comes back bit by bit', () => {
    expect(decodeVector(encodeVector(unit), 300)).toEqual(unit);
  });

  test('is none when it has another length in components, or another than 1', () => {
    expect(decodeVector(encodeVector(unit), 299)).toBeUndefined();
    expect(decodeVector('not base64 at all', 300)).toBeUndefined();
    expect(decodeVector(encodeVector(unit.map((one) => one * 1.1)), 300)).toBeUndefined();
    expect(decodeVector(encodeVector(unit.map(() => Number.NaN)), 300)).toBeUndefined();
  });
});
