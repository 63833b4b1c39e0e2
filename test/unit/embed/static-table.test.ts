import { describe, expect, it } from 'vitest';
import { parseStaticTable } from '../../../src/embed/static-table.ts';
import { StartupError } from '../../../src/errors.ts';
import { buildTableFile, tinyHeader } from './table-file.ts';

describe('parseStaticTable', () => {
  it('reads every section', () => {
    const table = parseStaticTable(buildTableFile());
    expect(table).toMatchObject({ name: 'tiny', dimensions: 3, vocabulary: ['a', '##b'] });
    expect(Array.from(table.scales)).toEqual([0.5, 2]);
    expect(Array.from(table.rows)).toEqual([1, -2, 3, 127, 0, -128]);
  });

  it.each([
    [
      'another kind of file',
      Buffer.from('GGUF....'),
      /it begins with "GGUF\.\.\.\.", and a table begins with "STATEMB1"/,
    ],
    ['an empty file', Buffer.alloc(0), /it begins with ""/],
    ['a file that ends in its header', buildTableFile().subarray(0, 40), /it ends at byte 40, inside its header/],
    ['a file that ends before its header', buildTableFile().subarray(0, 10), /it ends at byte 10, inside its header/],
    ['a file cut short', buildTableFile().subarray(0, -1), /it has \d+ bytes, and its header implies \d+/],
    ['a file with something after the rows', Buffer.concat([buildTableFile(), Buffer.alloc(1)]), /its header implies/],
    ['another tokenizer', buildTableFile({ ...tinyHeader, tokenizer: 'bpe' }), /tokenizer: .*wordpiece-lower/],
    ['another scale type', buildTableFile({ ...tinyHeader, scaleType: 'f16' }), /scaleType: .*per-row-f32/],
    ['another row type', buildTableFile({ ...tinyHeader, rowType: 'int4' }), /rowType: .*int8/],
    ['another normalisation', buildTableFile({ ...tinyHeader, normalise: 'none' }), /normalise: .*l2/],
    ['no dimensions', buildTableFile({ ...tinyHeader, dims: 0 }), /dims: /],
    [
      'a vocabulary of another size',
      buildTableFile(tinyHeader, 'a'),
      /its vocabulary has 1 entries, and its header says 2/,
    ],
    ['a repeated entry', buildTableFile(tinyHeader, 'a\na'), /names an entry twice/],
    [
      'a scale that is not a number',
      buildTableFile(tinyHeader, 'a\n##b', [1, Number.NaN]),
      /the scale of its row 1 is NaN/,
    ],
  ])('refuses %s', (_, file, message) => {
    expect(() => parseStaticTable(file)).toThrow(StartupError);
    expect(() => parseStaticTable(file)).toThrow(message);
  });

  it('refuses a header that is not JSON', () => {
    const file = buildTableFile();
    file.write('?', 12);
    expect(() => parseStaticTable(file)).toThrow('The embedding table cannot be used: its header is not JSON.');
  });
});
