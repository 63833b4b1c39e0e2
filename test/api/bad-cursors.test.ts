import { describe, expect, test } from 'vitest';
import { documentsQuery, externalIds, searchQuery } from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';
import { type BadRequest, isRefused, useUntouchedGateway } from '../support/untouched-gateway.ts';

const at = useUntouchedGateway();
const { search } = at;

const notCursors = [
  '',
  'garbage',
  'WyJ4Il0',
  Buffer.from('["x", 1]').toString('base64url'),
  'x'.repeat(10_000),
  'eyJhIjoxfQ',
  "' or 1 = 1 --",
];
const cursors: BadRequest[] = notCursors.flatMap((after) => [
  {
    name: `the cursor ${JSON.stringify(after.slice(0, 20))} of a search`,
    status: 400,
    code: 'INVALID_CURSOR',
    says: /cursor given as "after"/,
    send: (to) => to.search({ text: 'hot water' }, { after }),
  },
  {
    name: `the cursor ${JSON.stringify(after.slice(0, 20))} of a list`,
    status: 400,
    code: 'INVALID_CURSOR',
    says: /cursor given as "after"/,
    send: (to) => to.send(documentsQuery, { after }),
  },
]);

describe('what is no cursor', () => {
  test.each(cursors)('is $code with status $status: $name', isRefused(at));
});

describe('a cursor of elsewhere', () => {
  const foreign = {
    status: 400,
    code: 'INVALID_CURSOR',
    says: /belongs to another query\. Use it with the same tenant/,
  };

  test('of another text, mode or filter is refused, and works where it came from', async () => {
    const page = await at.owner.search({ text: 'hot water' }, { first: 1 });
    const after = page.pageInfo.endCursor;
    for (const input of [
      { text: 'cold water' },
      { text: 'hot water', mode: 'KEYWORD' },
      { text: 'hot water', collections: ['help'] },
      { text: 'hot water', filter: { title: { is: 'NOT_NULL' } } },
      { text: 'hot water', minScore: 0 },
    ]) {
      expectRefusal(await search(input, { after }), foreign);
    }
    const next = await at.owner.search({ text: 'hot water' }, { after });
    expect(externalIds(next)).toEqual(['bus']);
  });

  test('of another tenant with the same documents is refused, and works for that tenant', async () => {
    const list = await at.owner.documents(undefined, { first: 1 });
    const hits = await at.owner.search({ text: 'hot water' }, { first: 1 });
    const stranger = await at.gateway.tokenFor('beta');
    const asked = { input: { text: 'hot water' }, after: hits.pageInfo.endCursor };
    expectRefusal(await at.gateway.graphql(stranger, searchQuery, asked), foreign);
    expectRefusal(await at.gateway.graphql(stranger, documentsQuery, { after: list.pageInfo.endCursor }), foreign);
    const next = await at.owner.documents(undefined, { after: list.pageInfo.endCursor });
    expect(externalIds(next)).toEqual(['bus']);
  });

  test('of a search is refused by a list, and the other way round', async () => {
    const hits = await at.owner.search({ text: 'hot water' }, { first: 1 });
    const list = await at.owner.documents(undefined, { first: 1 });
    expectRefusal(
      await at.gateway.graphql(at.owner.token, documentsQuery, { after: hits.pageInfo.endCursor }),
      foreign,
    );
    expectRefusal(await search({ text: 'hot water' }, { after: list.pageInfo.endCursor }), foreign);
  });
});
