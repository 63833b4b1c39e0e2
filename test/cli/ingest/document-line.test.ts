import { expect, test } from 'vitest';
import { type DocumentLineOptions, parseObject, readDocument } from '../../../src/cli/ingest/document-line.ts';

const options = { collection: 'default', maxBytes: 4_000 };
const readLine = (text: string, given: DocumentLineOptions) => readDocument(parseObject(text), given);
const least = { externalId: 'a', title: 'A', body: 'Text.' };

test('a line with the least that is needed is a document of the default collection', () => {
  expect(readLine(JSON.stringify(least), options)).toEqual({
    document: { ...least, collection: 'default' },
    sizeBytes: 68,
  });
});

test('every field that the API takes is taken, and null is the same as nothing', () => {
  const metadata = { year: 2026, deep: [null] };
  const more = {
    url: 'https://example.org/a',
    metadata,
    status: 'draft',
    language: 'german',
    acl: { users: ['ann'], groups: [] },
  };
  const whole = { ...least, collection: 'notes', ...more };
  expect(readLine(JSON.stringify(whole), options)).toMatchObject({ document: whole });
  const read = readLine(JSON.stringify({ ...least, collection: null, url: null, metadata: null }), options);
  expect(read).toEqual(readLine(JSON.stringify(least), options));
});

test('an access list may leave users or groups out', () => {
  expect(readLine(JSON.stringify({ ...least, acl: { groups: ['staff'] } }), options)).toMatchObject({
    document: { acl: { users: [], groups: ['staff'] } },
  });
});

test.each([
  ['text', 'nonsense', /^it is not JSON \(.*\)\.$/],
  ['a list', '[]', /^it is JSON, but not an object\.$/],
  ['nothing at all', '{}', /^it has no externalId and no title and no body\.$/],
  ['no key', { ...least, externalId: undefined }, /^it has no externalId\.$/],
  ['a key that is a number', { ...least, externalId: 7 }, /^the field externalId is not a text\.$/],
  [
    'another spelling',
    { ...least, external_id: 'a' },
    /^there is no field "external_id"; externalId, collection, title/,
  ],
  [
    'the name of an inherited property',
    '{"__proto__": {"body": "x"}, "toString": "x"}',
    /^there is no field "__proto__"/,
  ],
  ['metadata that is a list', { ...least, metadata: [] }, /^the field metadata is not an object\.$/],
  ['an empty title', { ...least, title: ' ' }, /^the title is empty; /],
  [
    'an unknown language',
    { ...least, language: 'klingon' },
    /^the language is "klingon"; simple, arabic, .* are allowed/,
  ],
  [
    'an address of a file',
    { ...least, url: 'file:///etc/passwd' },
    /^the url is not an absolute http or https address\.$/,
  ],
  ['a list that names nobody', { ...least, acl: { users: [], groups: null } }, /^the acl names nobody, /],
  ['a list of users alone', { ...least, acl: ['ann'] }, /^the field acl is not an object\.$/],
  [
    'a user that is no text',
    { ...least, acl: { users: [7] } },
    /^the field acl has users or groups that are not a list of texts\.$/,
  ],
  [
    'a list with roles',
    { ...least, acl: { roles: ['x'] } },
    /^the field acl has "roles"; users and groups are allowed\.$/,
  ],
  ['half a character', `{"externalId":"a","title":"\\ud800","body":"b"}`, /half of a surrogate pair/],
  [
    'more than a request holds',
    { ...least, body: 'x'.repeat(4_000) },
    /^the document takes 4063 bytes; MAX_BODY_BYTES leaves/,
  ],
])('a line with %s is a fault in words', (_, line, message) => {
  const read = readLine(typeof line === 'string' ? line : JSON.stringify(line), options);
  expect(read).toEqual({ fault: expect.stringMatching(message) });
});
