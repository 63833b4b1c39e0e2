import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessList } from '../../src/access-list.ts';
import { maySee } from '../support/access-list.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { globalId } from '../support/look-alikes.ts';
import { type Client, externalIds, openClient, type UpsertInput } from '../support/operations.ts';

const nobodys = globalId('Document', '01890000-0000-7000-8000-00000000dead');

interface Stored {
  readonly externalId: string;
  readonly collection: string;
  readonly title: string;
  readonly body: string;
  readonly acl?: AccessList;
}

const documents: readonly Stored[] = [
  { externalId: 'open', collection: 'rooms', title: 'Hot water', body: 'The shower has hot water all day.' },
  {
    externalId: 'anns',
    collection: 'rooms',
    title: 'Cold shower',
    body: 'The shower of room nine runs cold.',
    acl: { users: ['ann'], groups: [] },
  },
  {
    externalId: 'supports',
    collection: 'rooms',
    title: 'Boiler',
    body: 'Press the red button when the shower runs cold.',
    acl: { users: [], groups: ['support'] },
  },
  {
    externalId: 'both',
    collection: 'secret',
    title: 'Master key',
    body: 'The master key of every shower and room.',
    acl: { users: ['ann'], groups: ['support'] },
  },
  {
    externalId: 'boards',
    collection: 'boardroom',
    title: 'Sale',
    body: 'The hotel with every shower is for sale.',
    acl: { users: [], groups: ['board'] },
  },
  { externalId: 'known', collection: 'rooms', title: 'Shower hours', body: 'Shower before ten.' },
];

const people = {
  ann: { subject: 'ann', groups: [] },
  bob: { subject: 'bob', groups: ['support', 'other'] },
  director: { subject: 'director', groups: ['board', 'support'] },
  guest: { subject: 'guest', groups: [] },
  /** Named like a group and in a group named like a user. */
  impostor: { subject: 'support', groups: ['ann', 'u:ann', 'g:support', 'u', ''].filter(Boolean) },
} as const;
type Person = keyof typeof people;
const everybody = Object.keys(people) as Person[];

let gateway: TestGateway;
let writer: Client;
let clients: Record<Person, Client>;
let ids: Map<string, string>;
let passages: Map<string, string>;

const visible = (person: Person) => documents.filter(({ acl }) => maySee(people[person], acl));
const hidden = (person: Person) => documents.filter(({ acl }) => !maySee(people[person], acl));
const namesOf = (list: readonly Stored[]) => list.map(({ externalId }) => externalId).sort();
const id = (document: Stored) => ids.get(document.externalId) as string;

beforeAll(async () => {
  gateway = await openTestGateway({ federation: true });
  writer = await openClient(gateway, 'north', undefined, { subject: 'indexer' });
  const scopes = ['search', 'documents:read'];
  const opened = await Promise.all(
    everybody.map(async (person) => [person, await openClient(gateway, 'north', scopes, people[person])] as const),
  );
  clients = Object.fromEntries(opened) as Record<Person, Client>;
  const stored = await writer.upsert(documents);
  ids = new Map(stored.map((one, index) => [documents[index]!.externalId, one.id]));
});
afterAll(() => gateway.close());

describe('before there are vectors', () => {
  test.each(everybody)('%s counts the waiting passages of what is to be seen', async (person) => {
    const { tenant } = await clients[person].query<{ tenant: Record<string, number> }>(
      '{ tenant { documents chunks pendingChunks unembeddableChunks } }',
    );
    const count = visible(person).length;
    expect(tenant).toEqual({ documents: count, chunks: count, pendingChunks: count, unembeddableChunks: 0 });
  });

  test.each(everybody)('%s finds by words, and what waits of a document is told of those alone', async (person) => {
    const hits = await clients[person].search({ text: 'shower', mode: 'KEYWORD' }, { first: 50 });
    expect(externalIds(hits).sort()).toEqual(namesOf(visible(person)));
    const { documents: page } = await clients[person].query<{
      documents: { edges: { node: { pendingChunks: number } }[] };
    }>('{ documents { edges { node { pendingChunks } } } }');
    expect(page.edges.map(({ node }) => node.pendingChunks)).toEqual(visible(person).map(() => 1));
  });
});

describe.each(everybody)('%s', (person) => {
  beforeAll(async () => {
    await gateway.embedAll();
    const { rows } = await gateway.db.owner.query<{ id: string; name: string }>(
      'select c.id, d.external_id as name from chunks c join documents d on d.id = c.document_id',
    );
    passages = new Map(rows.map((row) => [row.name, globalId('Chunk', row.id)]));
  });
  const client = () => clients[person];

  test.each(['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)(
    'finds in mode %s what may be seen, all of it and nothing else',
    async (mode) => {
      for (const input of [
        { text: 'shower', mode },
        { text: 'shower', mode, groupBy: 'CHUNK' as const },
        { text: 'shower', mode, recall: { profile: 'EXACT' as const } },
        { text: 'shower', mode, filter: { collection: { in: ['rooms', 'secret', 'boardroom'] } } },
      ]) {
        expect(externalIds(await client().search(input, { first: 50 })).sort()).toEqual(namesOf(visible(person)));
      }
    },
  );

  test('finds by required words, and by collection, no more', async () => {
    const required = visible(person).filter(({ body }) => body.includes('shower'));
    if (person !== 'guest') expect(hidden(person).length + required.length).toBeGreaterThan(1);
    expect(
      externalIds(await client().search({ text: 'room +shower', mode: 'KEYWORD' }, { first: 50 })).every((name) =>
        namesOf(visible(person)).includes(name!),
      ),
    ).toBe(true);
    for (const collection of ['secret', 'boardroom']) {
      const expected = namesOf(visible(person).filter((one) => one.collection === collection));
      expect(externalIds(await client().search({ text: 'shower', collections: [collection] }))).toEqual(expected);
      expect(externalIds(await client().documents({ collection: { eq: collection } }))).toEqual(expected);
    }
  });

  test('lists, page by page, what may be seen', async () => {
    const seen: (string | null)[] = [];
    let after: string | null = null;
    do {
      const page = await client().documents(undefined, { first: 1, after });
      seen.push(...externalIds(page));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after);
    expect(seen.sort()).toEqual(namesOf(visible(person)));
  });

  test('counts collections and documents by what may be seen', async () => {
    const { collections, tenant } = await client().query<{
      collections: { name: string; documents: number }[];
      tenant: { documents: number; chunks: number };
    }>('{ collections { name documents } tenant { documents chunks } }');
    const counted = Map.groupBy(visible(person), ({ collection }) => collection);
    expect(collections).toEqual(
      [...counted].map(([name, list]) => ({ name, documents: list.length })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(tenant).toEqual({ documents: visible(person).length, chunks: visible(person).length });
  });

  test('cannot tell a hidden document from one that is not there, by any way of asking for it', async () => {
    const ask = (documentId: string, chunkId: string) =>
      gateway.graphql(
        client().token,
        `query($id: ID!, $chunk: ID!, $key: [_Any!]!) {
          document(id: $id) { title body pendingChunks }
          node(id: $id) { id }
          _entities(representations: $key) { __typename ... on RelatedDocuments { documents { edges { node { id } } } } }
          similar: search(input: { similarTo: $id }) { __typename ... on Error { code message } }
          passage: search(input: { similarTo: $chunk }) { __typename ... on Error { code message } }
          recommend: search(input: { recommend: { positive: [$id] } }) { __typename ... on Error { code message } }
          explainMissing(documentId: $id, input: { text: "shower" }) { __typename ... on MissingExplanation { reason rank keywordScore } ... on Error { code message } }
        }`,
        {
          id: documentId,
          chunk: chunkId,
          key: [
            { __typename: 'Document', id: documentId },
            ...documents
              .filter((one) => id(one) === documentId)
              .map(({ collection, externalId }) => ({ __typename: 'Document', collection, externalId })),
            ...(documentId === nobodys ? [{ __typename: 'Document', collection: 'rooms', externalId: 'none' }] : []),
          ],
        },
      );
    const absent = await ask(nobodys, globalId('Chunk', '01890000-0000-7000-8000-00000000dead'));
    expect(absent.data).toMatchObject({ document: null, node: null, explainMissing: { reason: 'NOT_THERE' } });
    for (const document of hidden(person)) {
      const answer = await ask(id(document), passages.get(document.externalId) as string);
      expect({ data: answer.data, errors: answer.errors }).toEqual({ data: absent.data, errors: absent.errors });
    }
    for (const document of visible(person)) {
      const answer = await ask(id(document), passages.get(document.externalId) as string);
      expect(answer.data).toMatchObject({
        document: { title: document.title, body: document.body, pendingChunks: 0 },
        node: { id: id(document) },
        similar: { __typename: 'SearchConnection' },
        passage: { __typename: 'SearchConnection' },
        explainMissing: { reason: 'FOUND' },
      });
    }
  });

  test('finds beside a document those that are like it and may be seen', async () => {
    const query = `query($id: ID!) { document(id: $id) { similar(first: 50) { edges { node { externalId } } } } }`;
    for (const document of visible(person)) {
      const found = await client().query<{ document: { similar: { edges: { node: { externalId: string } }[] } } }>(
        query,
        {
          id: id(document),
        },
      );
      const others = visible(person).filter((one) => one !== document);
      expect(found.document.similar.edges.map(({ node }) => node.externalId).sort()).toEqual(namesOf(others));
    }
  });

  test('goes on behind another person’s cursors and finds nothing there that may not be seen', async () => {
    const director = clients.director;
    const hits = await director.search({ text: 'shower' }, { first: 1 });
    const after = await client().search({ text: 'shower' }, { first: 50, after: hits.pageInfo.endCursor });
    const list = await director.documents(undefined, { first: 1 });
    const rest = await client().documents(undefined, { first: 50, after: list.pageInfo.endCursor });
    for (const page of [after, rest]) {
      for (const name of externalIds(page)) expect(namesOf(visible(person))).toContain(name);
    }
  });
});

test('an explanation says the same rows, whether or not there are documents that may not be seen', async () => {
  const explain = async (mode: string) => {
    const { search } = await clients.guest.query<{
      search: { explain: { strategy: string; plan: string[]; stages: { name: string; in: number; out: number }[] } };
    }>(
      `query($mode: SearchMode!) { search(input: { text: "shower", mode: $mode }) { ... on SearchConnection {
        explain { strategy plan stages { name in out } } } } }`,
      { mode },
    );
    const { strategy, stages, plan } = search.explain;
    return { strategy, stages, plan: plan.map((line) => line.replace(/[\d.]+ ms/, 'some ms')) };
  };
  const modes = ['SEMANTIC', 'KEYWORD', 'HYBRID'];
  const before = await Promise.all(modes.map(explain));
  expect(before[0]?.stages.find(({ name }) => name === 'candidates')).toMatchObject({ in: 2, out: 2 });
  const hiddenOnes = Array.from({ length: 5 }, (_, index) => ({
    ...{ externalId: `h${index}`, collection: 'rooms', title: 'Shower', body: 'One more shower, not for everybody.' },
    acl: { users: ['ann'] },
  }));
  const stored = await writer.upsert(hiddenOnes);
  await gateway.embedAll();
  expect(await Promise.all(modes.map(explain))).toEqual(before);
  await writer.upsert(hiddenOnes.map(({ acl: _, ...open }) => open));
  expect(await Promise.all(modes.map(explain))).not.toEqual(before);
  await writer.delete(stored.map((one) => one.id));
});

test('many searches of several people at once share nothing', async () => {
  const asked = Array.from({ length: 60 }, (_, index) => everybody[index % everybody.length]!);
  const answers = await Promise.all(
    asked.map((person) => clients[person].search({ text: 'shower', mode: 'SEMANTIC' }, { first: 50 })),
  );
  for (const [index, answer] of answers.entries())
    expect(externalIds(answer).sort()).toEqual(namesOf(visible(asked[index]!)));
});

test('searches of one request, which travel as one statement, keep to the caller’s documents each', async () => {
  const fields = ['shower', 'cold water', 'master key', 'sale'].map(
    (text, index) =>
      `s${index}: search(input: { text: "${text}", mode: SEMANTIC }, first: 50) { ... on SearchConnection { edges { node { externalId } } } }`,
  );
  for (const person of everybody) {
    const answers = await clients[person].query<Record<string, { edges: { node: { externalId: string } }[] }>>(
      `{ ${fields.join('\n')} }`,
    );
    for (const { edges } of Object.values(answers))
      expect(edges.map(({ node }) => node.externalId).sort()).toEqual(namesOf(visible(person)));
  }
});

test('an API key sees what its subject and its groups see', async () => {
  const admin = await openClient(gateway, 'north', ['tenant:admin', 'search', 'documents:read']);
  for (const [input, person] of [
    ['subject: "ann"', 'ann'],
    ['groups: ["support"]', 'bob'],
    ['groups: ["board", "support"]', 'director'],
    ['name: "of nobody"', 'guest'],
  ] as const) {
    const { createApiKey } = await admin.query<{ createApiKey: { key: string } }>(
      `mutation { createApiKey(input: { ${input.startsWith('name') ? '' : 'name: "one", '}${input}, scopes: ["search"] }) { key } }`,
    );
    const answer = await gateway.graphql<{ search: { edges: { node: { externalId: string } }[] } }>(
      createApiKey.key,
      '{ search(input: { text: "shower" }, first: 50) { ... on SearchConnection { edges { node { externalId } } } } }',
    );
    expect(answer.data?.search.edges.map(({ node }) => node.externalId).sort()).toEqual(namesOf(visible(person)));
  }
});

describe('the list of a document', () => {
  const aclQuery = 'query($id: ID!) { document(id: $id) { acl { users groups } } }';

  test('is read by those who see the document and may write', async () => {
    const ann = await openClient(gateway, 'north', ['documents:read', 'documents:write'], people.ann);
    const read = (externalId: string) => ann.query(aclQuery, { id: ids.get(externalId) });
    expect(await read('both')).toEqual({ document: { acl: { users: ['ann'], groups: ['support'] } } });
    expect(await read('open')).toEqual({ document: { acl: null } });
    expect(await read('boards')).toEqual({ document: null });
  });

  test('is refused to those who may only read', async () => {
    const answer = await gateway.graphql(clients.ann.token, aclQuery, { id: ids.get('both') });
    expect(answer.errors[0]?.extensions?.code).toBe('FORBIDDEN');
  });

  test.each([
    ['nobody', {}, /names nobody/],
    ['nobody, with empty lists', { users: [], groups: [] }, /names nobody/],
    ['an empty name', { users: ['ann', ''] }, /number 1 of users/],
    ['a name of 257 characters', { groups: ['x'.repeat(257)] }, /number 0 of groups/],
    ['a NUL', { groups: ['a\0b'] }, /number 0 of groups/],
    [
      '257 entries',
      { users: Array.from({ length: 200 }, (_, i) => `u${i}`), groups: Array.from({ length: 57 }, (_, i) => `g${i}`) },
      /257 users and groups; at most 256/,
    ],
  ])('that names %s is refused', async (_, acl, message) => {
    const result = await writer.tryUpsert([
      { externalId: 'refused', collection: 'rooms', title: 'T', body: 'B', acl } as UpsertInput,
    ]);
    expect(result).toMatchObject({
      __typename: 'InvalidDocumentError',
      index: 0,
      message: expect.stringMatching(message),
    });
  });

  test('may have 256 entries of 256 characters of four bytes', async () => {
    const groups = Array.from(
      { length: 256 },
      (_, index) => `${'\u{1F511}'.repeat(126)}${String(index).padStart(4, '0')}`,
    );
    const [stored] = await writer.upsert([
      { externalId: 'wide', collection: 'wide', title: 'T', body: 'Umbrella', acl: { groups } },
    ]);
    const member = await openClient(gateway, 'north', ['documents:read'], { subject: 'x', groups: [groups[77]!] });
    const count = async (client: Client) => externalIds(await client.documents({ collection: { eq: 'wide' } })).length;
    expect([await count(member), await count(clients.director)]).toEqual([1, 0]);
    await writer.delete([stored!.id]);
  });
});

describe('a change of the list', () => {
  const input = {
    externalId: 'moving',
    collection: 'moving',
    title: 'Moving',
    body: 'The grand piano moves on Friday.',
  };
  const finds = async (person: Person) =>
    externalIds(await clients[person].search({ text: 'grand piano', collections: ['moving'], mode: 'SEMANTIC' }))
      .length;
  const write = async (acl?: UpsertInput['acl']) => (await writer.upsert([{ ...input, ...(acl && { acl }) }]))[0]!;

  test('takes effect at once, both ways, and embeds nothing anew', async () => {
    expect(await write({ users: ['ann'] })).toMatchObject({ status: 'CREATED', version: 1, document: null });
    await gateway.embedAll();
    const vectors = () =>
      gateway.db.owner.query(
        `select e.chunk_id, e.created_at, e.audience = d.audience and c.audience = d.audience as same from embeddings e
         join chunks c on c.id = e.chunk_id join documents d on d.id = c.document_id where d.external_id = 'moving'`,
      );
    const [before] = (await vectors()).rows;
    expect([await finds('ann'), await finds('bob'), await finds('guest')]).toEqual([1, 0, 0]);
    expect(await write({ groups: ['support'] })).toMatchObject({ status: 'UPDATED', version: 2 });
    expect([await finds('ann'), await finds('bob'), await finds('guest')]).toEqual([0, 1, 0]);
    expect(await write()).toMatchObject({ status: 'UPDATED', version: 3, document: { externalId: 'moving' } });
    expect([await finds('ann'), await finds('bob'), await finds('guest')]).toEqual([1, 1, 1]);
    expect(await write({ users: ['ann', 'ann'], groups: [] })).toMatchObject({ status: 'UPDATED', version: 4 });
    expect((await vectors()).rows).toEqual([{ ...before, same: true }]);
    expect(await gateway.embedAll()).toBe(0);
  });

  test('that says the same in another order changes nothing', async () => {
    await write({ users: ['ann', 'bob'], groups: ['b', 'a'] });
    expect(await write({ users: ['bob', 'ann', 'bob'], groups: ['a', 'b'] })).toMatchObject({ status: 'UNCHANGED' });
    expect(await write({ users: ['a', 'b'], groups: ['ann', 'bob'] })).toMatchObject({ status: 'UPDATED' });
  });

  test('with a change of the text, in the same write, hides the new passages, too', async () => {
    await writer.upsert([{ ...input, body: 'The grand piano stays.', acl: { users: ['ann'] } }]);
    await gateway.embedAll();
    expect([await finds('ann'), await finds('bob')]).toEqual([1, 0]);
  });

  test('is done by a writer that is not on the list: who writes writes the whole tenant', async () => {
    const indexer = await openClient(gateway, 'north', ['documents:write', 'documents:read', 'search'], {
      subject: 'indexer',
    });
    expect(externalIds(await indexer.documents({ collection: { eq: 'moving' } }))).toEqual([]);
    expect((await indexer.upsert([{ ...input, acl: { users: ['indexer'] } }]))[0]).toMatchObject({
      status: 'UPDATED',
      document: { externalId: 'moving' },
    });
    await write({ users: ['ann'] });
    const { rows } = await gateway.db.owner.query<{ id: string }>(
      `select id from documents where external_id = 'moving'`,
    );
    expect(await indexer.delete([globalId('Document', rows[0]!.id)])).toHaveLength(1);
  });
});
