import fc from 'fast-check';

const fragment = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('The shower runs cold. ', 'Ask the desk! ', 'word ', 'e.g. ', 'two words, '),
  },
  { weight: 4, arbitrary: fc.constantFrom('\n', '\n\n', '\r\n', '\r', ' \n', '    ', '\t') },
  {
    weight: 4,
    arbitrary: fc.constantFrom('# ', '## ', '###### ', '\n# Rooms\n', '\nTitle\n===\n', '\n## Bath ##\n', '\n---\n'),
  },
  { weight: 3, arbitrary: fc.constantFrom('\n- ', '\n12. ', '\n| a | b |', '\n```js\n', '\n~~~\n', 'x = 1;\n') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('漢字。', '👩‍👩‍👧', 'e\u0301', '🇩🇪', '\ud83d', '\udc00', '\u00a0', '\ufeff', '\u2028'),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 700 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
/** Texts of every structure that a document may have, and of none: mostly Markdown, with what is hard to cut. */
export const anyText = fc.array(fragment, { maxLength: 80 }).map((fragments) => fragments.join(''));
