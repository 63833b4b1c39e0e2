import type { GatewayChild } from './gateway-child.ts';
import { openLoadConnection, prepareRequest } from './http-load.ts';
import type { Question } from './questions.ts';
import { type Measures, measure } from './results.ts';
import { questionsOf, type RetrievalBench } from './retrieval-setup.ts';
import { searchRequest } from './search-request.ts';
import { interleave, median } from './statistics.ts';

const searches = 50;
const rounds = 9;

/**
 * Fifty searches of one tenant in one request, against fifty requests one after the other. Nobody has asked these texts
 * before, so both sides have to have them embedded, by a provider on this machine that answers at once.
 */
export async function measureBatch(bench: RetrievalBench): Promise<Measures> {
  const { gateway, embedding } = bench;
  const asked = questionsOf(bench, '500');
  const connection = openLoadConnection(gateway.url);
  let asking = 0;
  const newQuestions = () =>
    Array.from({ length: searches }, (_, index) => {
      const { text, vector } = asked[index % asked.length] as Question;
      const question = { tenantId: asked[0]?.tenantId ?? '', text: `${text} ${asking++}`, vector };
      embedding.learn(question.text, vector);
      return question;
    });
  const timed = async (requests: readonly Buffer[]) => {
    const started = performance.now();
    for (const request of requests) await connection.send(request);
    return performance.now() - started;
  };
  const apart = async () =>
    timed(await Promise.all(newQuestions().map((question) => searchRequest(gateway, question, 'SEMANTIC'))));
  const together = async () => timed([await batchRequest(gateway, newQuestions())]);
  try {
    await apart();
    await together();
    const [one = [], all = []] = await interleave(rounds, [apart, together]);
    const note = `${median(one).toFixed(0)} ms apart, ${median(all).toFixed(0)} ms together`;
    return { batch50_speedup: measure(median(one) / median(all), 'x', '>=', 3, note) };
  } finally {
    connection.close();
  }
}

async function batchRequest(gateway: GatewayChild, questions: readonly Question[]): Promise<Buffer> {
  const query = `query Batch(${questions.map((_, i) => `$i${i}: SearchInput!`).join(', ')}) {
      ${questions.map((_, i) => `s${i}: search(input: $i${i}, first: 10) { ...Hits }`).join('\n')}
    }
    fragment Hits on SearchResult { ... on SearchConnection { edges { score node { title } chunk { id text } } } }`;
  const variables = Object.fromEntries(questions.map(({ text }, i) => [`i${i}`, { text, mode: 'SEMANTIC' }]));
  return prepareRequest(gateway.url, await gateway.tokenFor(questions[0]?.tenantId ?? ''), { query, variables });
}
