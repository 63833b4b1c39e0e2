import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadStaticEmbedder } from '../../../src/embed/static-embedder.ts';
import { parseStaticTable } from '../../../src/embed/static-table.ts';
import { createTokenise } from '../../../src/embed/wordpiece.ts';
import { StartupError } from '../../../src/errors.ts';
import { coarseVector, innerProduct } from '../../../src/vector.ts';
import { buildTableFile } from './table-file.ts';

interface Golden {
  items: { text: string; tokens: string[]; first16: number[]; first16of256: number[] }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('./golden.json', import.meta.url), 'utf8'));
const table = parseStaticTable(readFileSync(new URL('../../../models/static-en-512.bin', import.meta.url)));
const embedder = loadStaticEmbedder();

async function embedOne(text: string): Promise<Float32Array | null> {
  const [vector] = await embedder.embed([text], { purpose: 'query' });
  return vector ?? null;
}

function expectClose(received: Float32Array, expected: readonly number[]): void {
  for (const [i, component] of expected.entries()) expect(Math.abs(received[i]! - component)).toBeLessThan(1e-4);
}

describe.each(golden.items)('the published values of $text', ({ text, tokens, first16, first16of256 }) => {
  it('are reproduced', async () => {
    const rows = createTokenise(table.vocabulary)(text);
    expect(rows.map((row) => table.vocabulary[row])).toEqual(tokens);
    expect(embedder.countTokens(text)).toBe(tokens.length);

    const vector = await embedOne(text);
    if (tokens.length === 0) {
      expect(vector).toBeNull();
    } else {
      expect(innerProduct(vector!, vector!)).toBeCloseTo(1, 5);
      expectClose(vector!, first16);
      expectClose(coarseVector(vector!), first16of256);
    }
  });
});

describe('loadStaticEmbedder', () => {
  it('describes the model', () => {
    expect(embedder).toMatchObject({
      model: { name: 'static-en-512', dimensions: 512 },
      fusionWeights: { keyword: 2, semantic: 1 },
      maxTokens: 8192,
    });
  });

  it('answers in the order of the texts, with null for what it knows no token of', async () => {
    const texts = ['refund', '日本語のテキスト', '', ' \n', '🙂', 'shower'];
    const vectors = await embedder.embed(texts, { purpose: 'document' });
    expect(vectors.map((vector) => vector === null)).toEqual([false, true, true, true, true, false]);
    expect(vectors[5]).toEqual(await embedOne('shower'));
    expect(vectors[0]).toEqual(await embedOne('refund'));
  });

  it('puts a paraphrase nearer than an unrelated text', async () => {
    const [query, related, unrelated] = await embedder.embed(
      ['get my money back', 'refund and reimbursement of the purchase', 'the glacier melted in spring'],
      { purpose: 'query' },
    );
    expect(innerProduct(query!, related!)).toBeGreaterThan(innerProduct(query!, unrelated!) + 0.1);
  });

  it("rejects with the caller's reason once the signal is aborted", async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(embedder.embed(['refund'], { purpose: 'query', signal })).rejects.toThrow('gone');
  });

  it('says which file cannot be read', () => {
    expect(() => loadStaticEmbedder('/nowhere/table.bin')).toThrow(StartupError);
    expect(() => loadStaticEmbedder('/nowhere/table.bin')).toThrow(
      /^The embedding table \/nowhere\/table.bin cannot be read/,
    );
  });

  it('refuses a table with fewer than 256 dimensions', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tessera-table-')), 'tiny.bin');
    writeFileSync(path, buildTableFile());
    expect(() => loadStaticEmbedder(path)).toThrow(
      new StartupError('The embedding table "tiny" has 3 dimensions: a model needs at least 256.'),
    );
  });
});
