import { expect, test } from 'vitest';
import { openTestGateway } from '../support/gateway.ts';
import { externalIds, openClient } from '../support/operations.ts';

const documents = 1_700;
const atOnce = 100;

test('a search is paged through to its end, however many hits it has', async () => {
  const gateway = await openTestGateway();
  try {
    const client = await openClient(gateway, 'alpha');
    for (let start = 0; start < documents; start += atOnce) {
      await client.upsert(
        Array.from({ length: atOnce }, (_, n) => {
          return { externalId: `${start + n}`, collection: 'c', title: `Note ${start + n}`, body: 'Water is hot.' };
        }),
      );
    }
    const found = new Set<string | null>();
    let pages = 0;
    for (let after: string | null = null; ; pages++) {
      const { edges, pageInfo } = await client.search({ text: 'water', mode: 'KEYWORD' }, { first: atOnce, after });
      for (const id of externalIds({ edges })) found.add(id);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
      expect(pages).toBeLessThan(20);
    }
    expect(found.size).toBe(documents);
    expect(pages).toBe(documents / atOnce - 1);
  } finally {
    await gateway.close();
  }
}, 60_000);
