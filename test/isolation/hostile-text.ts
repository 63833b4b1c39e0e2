import fc from 'fast-check';

/** Texts that mean something to SQL, to arrays, to JSON or to access lists, and names that look like others. */
const notorious = [
  "' or '1'='1",
  "'; drop table tessera.documents; --",
  "x', false); set local tessera.tenant_id = 'other'; --",
  "\\'; reset role; --",
  "E'\\\\'",
  '\\',
  "'",
  '"',
  '$$',
  '$1',
  '%',
  '_',
  '{}',
  '{ann,bob}',
  '{"ann","bob"}',
  '["ann"]',
  'ann,bob',
  'null',
  'NULL',
  'u:ann',
  'g:staff',
  'u:',
  'g:',
  'ann',
  'Ann',
  'ann ',
  ' ann',
  'аnn',
  'ａｎｎ',
  'ann\u200b',
  'ann\u0301',
  '\u202enna',
  'STRASSE',
  'straße',
  'ı',
  'İ',
  '\u0001\u007f\u0080\u009f',
  '\r\n',
  '\t',
  ' ',
  '',
  '\ufffd',
  '\uffff',
  '😀',
  'a\0b',
  '\ud800',
  'x'.repeat(256),
  'x'.repeat(257),
  '😀'.repeat(128),
];

/** Every character of one byte but NUL, in one text of 255. */
const everyByte = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join('');

/** Texts of anybody's making, up to 257 characters. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...notorious, everyByte) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  {
    weight: 2,
    arbitrary: fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    }),
  },
);

/** What a claim may name somebody with: 1 to 256 UTF-16 units without NUL and without half characters. */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 256 && isStorable(text);
}

/** What PostgreSQL text can hold. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
