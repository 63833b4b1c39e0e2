import { describe, test } from 'vitest';
import { deleteMutation, upsertMutation } from '../support/operations.ts';
import { type BadRequest, badInput, isRefused, useUntouchedGateway } from '../support/untouched-gateway.ts';

const at = useUntouchedGateway();

const ids: BadRequest[] = [
  '',
  'garbage',
  'RG9jdW1lbnQ6',
  Buffer.from('Tenant:alpha').toString('base64'),
  Buffer.from('Nothing:1').toString('base64'),
].flatMap((id) => [
  {
    name: `node of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: (to) => to.send('query($id: ID!) { node(id: $id) { id } }', { id }),
  },
  {
    name: `document of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: (to) => to.send('query($id: ID!) { document(id: $id) { id } }', { id }),
  },
  {
    name: `deletion of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: (to) => to.send(deleteMutation, { ids: [id] }),
  },
  {
    name: `upsert of ${JSON.stringify(id)}`,
    ...badInput,
    says: /is not a global id/,
    send: (to) => to.send(upsertMutation, { input: [{ id, collection: 'c', title: 't', body: 'b' }] }),
  },
]);

const writes: BadRequest[] = [
  {
    name: '201 documents',
    ...badInput,
    says: /201 documents; at most 200/,
    send: (to) =>
      to.send(upsertMutation, {
        input: Array(201).fill({ collection: 'c', title: 't', body: 'b' }),
      }),
  },
  {
    name: '201 deletions',
    ...badInput,
    says: /201 documents; at most 200/,
    send: (to) =>
      to.send(deleteMutation, {
        ids: Array(201).fill(Buffer.from('Document:x').toString('base64')),
      }),
  },
  {
    name: 'metadata that is no object',
    ...badInput,
    says: /JSONObject/,
    send: (to) =>
      to.send(upsertMutation, {
        input: [{ collection: 'c', title: 't', body: 'b', metadata: [1] }],
      }),
  },
  {
    name: 'a good write beside a bad one',
    ...badInput,
    says: /201 documents/,
    send: (to) =>
      to.send(
        `mutation($good: [UpsertDocumentInput!]!, $bad: [UpsertDocumentInput!]!) {
      b: upsertDocuments(input: $bad) { __typename }
      a: upsertDocuments(input: $good) { __typename }
    }`,
        { good: [], bad: Array(201).fill({ collection: 'c', title: 't', body: 'b' }) },
      ),
  },
];

describe('what is no global id', () => {
  test.each(ids)('is $code with status $status: $name', isRefused(at));
});

describe('a write outside its limits', () => {
  test.each(writes)('is $code with status $status: $name', isRefused(at));
});
