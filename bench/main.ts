import { parseArgs } from 'node:util';
import { benchFreshness } from './freshness.ts';
import { benchIngest } from './ingest.ts';
import { benchAttach } from './measure-attach.ts';
import { benchRecall } from './recall.ts';
import { benchRelevance } from './relevance.ts';
import { benchRetrieval } from './retrieval.ts';

const usage = `npm run bench                                  what retrieval costs, side by side
npm run bench -- retrieval [--chunks 200000] [--only throughput,batch,round-trips,keyword,guides,growth,neighbour]
npm run bench -- neighbour [--chunks 200000]   what a tenant at full load does to another
npm run bench -- relevance [--data DIR]        how good the ranking is
npm run bench -- recall [--data DIR]           what two stages find of real vectors
npm run bench -- freshness                     how soon a write is found by meaning
npm run bench -- ingest [--documents 20000]    what a bulk load costs beside COPY
npm run bench -- attach                        what following a table costs its application`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '../shared/data' },
    chunks: { type: 'string', default: '200000' },
    only: { type: 'string' },
    documents: { type: 'string', default: '20000' },
    help: { type: 'boolean', default: false },
  },
});
const [command = 'retrieval'] = positionals;

if (values.help) {
  console.log(usage);
} else if (command === 'relevance') {
  if (!(await benchRelevance(values.data, ['ir-vendor-docs', 'ir-codebase-contextual']))) process.exitCode = 1;
} else if (command === 'retrieval') {
  await benchRetrieval({ chunks: Number(values.chunks), only: values.only?.split(',') });
} else if (command === 'neighbour') {
  await benchRetrieval({ chunks: Number(values.chunks), only: ['neighbour'] });
} else if (command === 'recall') {
  if (!(await benchRecall(values.data))) process.exitCode = 1;
} else if (command === 'freshness') {
  await benchFreshness();
} else if (command === 'ingest') {
  if (!(await benchIngest(Number(values.documents)))) process.exitCode = 1;
} else if (command === 'attach') {
  await benchAttach();
} else {
  console.error(usage);
  process.exitCode = 64;
}
