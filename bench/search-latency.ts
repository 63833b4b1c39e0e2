/**
 * How long searches take through a running gateway, one after the other and several at a time.
 *
 *   node bench/search-latency.ts --url http://127.0.0.1:4000 --token TOKEN --queries FILE.jsonl [--count 1000] [--concurrency 4]
 *
 * Each line of the file is an object with a `title`; titles are the questions. Prints milliseconds as the client sees them.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    queries: { type: 'string' },
    count: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '1' },
    mode: { type: 'string', default: 'HYBRID' },
  },
});
const { url = '', token = '', queries = '', mode } = values;
const count = Number(values.count);
const concurrency = Number(values.concurrency);

const query = `query($input: SearchInput!) { search(input: $input, first: 10) {
  __typename ... on SearchConnection { edges { score node { title } chunk { text } } } } }`;
const titles = readFileSync(queries, 'utf8')
  .split('\n')
  .flatMap((line) => (line ? [(JSON.parse(line) as { title: string }).title] : []));

async function search(text: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { input: { text, mode } } }),
  });
  const answer = (await response.json()) as { data?: { search?: { __typename: string } } };
  if (answer.data?.search?.__typename !== 'SearchConnection') throw new Error(JSON.stringify(answer).slice(0, 300));
  return performance.now() - started;
}

const step = Math.max(1, Math.floor(titles.length / count));
const questions = Array.from({ length: count }, (_, index) => titles[(index * step) % titles.length] ?? '');
for (const text of questions.slice(0, 50)) await search(text);

const times: number[] = [];
let next = 0;
const started = performance.now();
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    for (let text = questions[next++]; text !== undefined; text = questions[next++]) times.push(await search(text));
  }),
);
const seconds = (performance.now() - started) / 1000;
times.sort((a, b) => a - b);
const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1);
console.log(
  `${mode} ${times.length} searches, ${concurrency} at a time: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${(times.length / seconds).toFixed(0)} a second`,
);
