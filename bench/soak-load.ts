import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { TextSource } from './text-source.ts';

/** What has been asked for since the start. */
export interface LoadCounts {
  writes: number;
  deletes: number;
  searches: number;
  failures: number;
}

export interface SoakLoad {
  readonly counts: LoadCounts;
  /** Lets nobody write, until the function that it gives is called; what is under way is done by then. */
  pauseWrites(): Promise<() => void>;
  stop(): Promise<void>;
}

export interface SoakClient {
  readonly url: string;
  readonly token: string;
}

const upsert = `mutation($input: [UpsertDocumentInput!]!) {
  upsertDocuments(input: $input) { ... on UpsertDocumentsPayload { documents { id } } ... on Error { code message } }
}`;
const remove = 'mutation($filter: DocumentFilter!) { deleteByFilter(filter: $filter) { deleted } }';
const find = `query($text: String!) {
  search(input: { text: $text }, first: 10) { ... on SearchConnection { edges { score } } ... on Error { code message } }
}`;
const wordsOfBody = 30;
const editsPerWrite = 5;

/** @throws when the answer has errors, or is one. */
async function send({ url, token }: SoakClient, query: string, variables: object): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  if (!response.ok || /"(errors|code)":/.test(text)) throw new Error(text.slice(0, 300));
}

function documentOf(n: number, texts: TextSource) {
  return { collection: 'soak', externalId: `d${n}`, title: `Document ${n}`, body: texts.words(wordsOfBody) };
}

/** Writes documents 0 to `count`, 100 at a time. */
export async function fill(client: SoakClient, count: number, texts: TextSource): Promise<void> {
  for (let start = 0; start < count; start += 100) {
    const input = Array.from({ length: Math.min(100, count - start) }, (_, i) => documentOf(start + i, texts));
    await send(client, upsert, { input });
  }
}

/**
 * Edits, deletes, writes again and searches, one request of each lane at a time: two lanes write, two search. Searches follow each
 * other as fast as they are answered. As many documents are written again as are deleted, so the tenant keeps its size.
 * @param pace documents written a second, at most; infinite for as fast as they are answered.
 */
export function startLoad(
  client: SoakClient,
  { count, pace }: { readonly count: number; readonly pace: number },
  random: Random,
  texts: TextSource,
): SoakLoad {
  const counts: LoadCounts = { writes: 0, deletes: 0, searches: 0, failures: 0 };
  let isOver = false;
  let writing = 0;
  let gate = Promise.resolve();

  let nextMs = performance.now();
  /** Until the documents that come next are due. */
  async function keepPace(): Promise<void> {
    const dueMs = Math.max(nextMs, performance.now());
    nextMs = dueMs + (1_000 * editsPerWrite) / pace;
    await wait(Math.max(0, dueMs - performance.now()));
  }

  /** Documents of a lane are its own, so that a write does not meet a deletion. */
  async function writeOnce(lane: number): Promise<void> {
    const pick = () => 2 * random.below(count / 2) + lane;
    const numbers = [...new Set(Array.from({ length: editsPerWrite }, pick))];
    if (random.below(5) === 0) {
      await send(client, remove, { filter: { externalId: { in: numbers.map((n) => `d${n}`) } } });
      counts.deletes += numbers.length;
    }
    await send(client, upsert, { input: numbers.map((n) => documentOf(n, texts)) });
    counts.writes += numbers.length;
  }

  async function lane(work: () => Promise<void>, writes: boolean): Promise<void> {
    while (!isOver) {
      if (writes) await keepPace().then(() => gate);
      writing += writes ? 1 : 0;
      await work().catch((error: Error) => {
        if (counts.failures++ < 5) console.error(error.message);
      });
      writing -= writes ? 1 : 0;
    }
  }

  const searchOnce = async () => {
    await send(client, find, { text: texts.question() });
    counts.searches++;
  };
  const lanes = [...[0, 1].map((n) => lane(() => writeOnce(n), true)), ...[0, 1].map(() => lane(searchOnce, false))];
  return {
    counts,
    pauseWrites: async () => {
      const paused = Promise.withResolvers<void>();
      gate = paused.promise;
      while (writing > 0) await wait(5);
      return paused.resolve;
    },
    stop: async () => {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}
