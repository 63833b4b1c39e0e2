import { expect, test } from 'vitest';
import { formatDuration, formatRate } from '../../../src/cli/format.ts';
import { createBar, createLines, formatBar, type RunState } from '../../../src/cli/ingest/progress-display.ts';

function state(documents: number, change: Partial<RunState> = {}): RunState {
  return { documents, offset: documents, sizeBytes: 5_000, startOffset: 0, elapsedMs: 10_000, ...change };
}

test('the bar shows the share of the file, the documents, their rate and the time that is left', () => {
  expect(formatBar(state(2_000), 80)).toBe(' 40 % [=======>            ] 2,000 documents, 200 a second, 15 s left');
  expect(formatBar(state(5_000), 80)).toBe('100 % [====================] 5,000 documents, 500 a second');
  expect(formatBar(state(0, { elapsedMs: 0 }), 80)).toBe('  0 % [                    ] 0 documents, 0 a second');
});

test('the bar fits its terminal, and gives way to the figures in a narrow one', () => {
  expect(formatBar(state(2_000), 200).length).toBeLessThan(110);
  expect(formatBar(state(2_000), 60)).toBe(' 40 % 2,000 documents, 200 a second, 15 s left');
});

test('a run that goes on in the middle is timed by what it did itself', () => {
  expect(formatBar(state(500, { offset: 4_500, startOffset: 4_000 }), 60)).toMatch(/^ 90 % 500 documents.* 10 s left$/);
});

test('on a terminal one line changes, ten times a second at most; what is noted stays', () => {
  const written: string[] = [];
  let nowMs = 0;
  const stream = { columns: 60, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const bar = createBar(stream, () => nowMs);
  bar.update(state(1));
  bar.update(state(2));
  nowMs = 150;
  bar.update(state(3));
  bar.note('Line 7: it is not JSON.');
  bar.update(state(5_000));
  bar.finish();
  const clear = '\r\u001b[K';
  expect(written.join('').split(clear)).toEqual([
    '',
    expect.stringMatching(/ 1 document, /),
    expect.stringMatching(/ 3 documents/),
    'Line 7: it is not JSON.\n',
    expect.stringMatching(/^100 %/),
    '',
  ]);
});

test('elsewhere there is a line for every 1,000 documents or 5 seconds', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const display = createLines(
    (line) => lines.push(line),
    () => nowMs,
  );
  for (const documents of [100, 999, 1_000, 1_100]) display.update(state(documents));
  nowMs = 5_000;
  display.update(state(1_200));
  display.update(state(1_300));
  expect(lines).toEqual([
    '20 % of the file, 1,000 documents, 100 a second',
    '24 % of the file, 1,200 documents, 120 a second',
  ]);
});

test.each([
  [12, '12 ms'],
  [949, '949 ms'],
  [950, '0.9 s'],
  [12_345, '12.3 s'],
  [250_400, '4 min 10 s'],
])('%d ms are written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [5_148, 7_400, '696 a second'],
  [3, 2_000, '1.5 a second'],
  [0, 0, '0 a second'],
])('%d in %d ms are %s', (count, ms, text) => {
  expect(formatRate(count, ms)).toBe(text);
});
