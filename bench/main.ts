import { parseArgs } from 'node:util';
import { benchRelevance } from './relevance.ts';
import { benchRetrieval } from './retrieval.ts';

const usage = `npm run bench                                  what retrieval costs, side by side
npm run bench -- retrieval [--chunks 200000] [--only throughput,batch,round-trips,keyword,guides,growth]
npm run bench -- relevance [--data DIR]        how good the ranking is`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '../shared/data' },
    chunks: { type: 'string', default: '200000' },
    only: { type: 'string' },
  },
});
const [command = 'retrieval'] = positionals;

if (command === 'relevance') {
  await benchRelevance(values.data, ['ir-vendor-docs', 'ir-codebase-contextual']);
} else if (command === 'retrieval') {
  await benchRetrieval({ chunks: Number(values.chunks), only: values.only?.split(',') });
} else {
  console.error(usage);
  process.exitCode = 64;
}
