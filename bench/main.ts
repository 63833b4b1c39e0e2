import { parseArgs } from 'node:util';
import { benchRelevance } from './relevance.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string', default: '../shared/data' } },
});

if (positionals[0] === 'relevance') {
  await benchRelevance(values.data, ['ir-vendor-docs', 'ir-codebase-contextual']);
} else {
  console.error('npm run bench -- relevance [--data DIR]');
  process.exitCode = 64;
}
