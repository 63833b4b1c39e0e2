const repeat = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(' ');
const nest = (levels: number, open: string, inside: string, close = '}') =>
  `${open.repeat(levels)}${inside}${close.repeat(levels)}`;
const similar = (levels: number, first: number, inside = 'title') =>
  nest(levels, `similar(first: ${first}) { edges { node {`, inside, '}}}');
const searchOf = (inside: string, first = 10) =>
  `search(input: { text: "x" }, first: ${first}) { ... on SearchConnection { ${inside} } }`;

/** Documents that are made to cost much, each with the code that refuses it. */
export const hostileDocuments: readonly (readonly [
  name: string,
  code: string,
  document: string,
  variables?: object,
])[] = [
  // Depth.
  [
    'a long way down by similar documents',
    'QUERY_LIMIT_EXCEEDED',
    `{ documents { edges { node { ${similar(8, 1)} } } } }`,
  ],
  ['a hundred levels that the schema does not have', 'QUERY_LIMIT_EXCEEDED', nest(100, '{ a ', '', '} ')],
  [
    'levels hidden in fragments',
    'QUERY_LIMIT_EXCEEDED',
    `{ documents { edges { node { ...A } } } } ${repeat(6, (i) => `fragment ${'ABCDEFG'[i]} on Document { similar(first: 1) { edges { node { ${i < 5 ? `...${'ABCDEFG'[i + 1]}` : 'title'} } } } }`)}`,
  ],
  [
    'levels hidden in inline fragments',
    'QUERY_LIMIT_EXCEEDED',
    `{ documents { edges { node { ${nest(6, '... on Document { similar { edges { node {', 'title', '}}}}')} } } } }`,
  ],
  [
    'levels in a fragment that nothing spreads',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { subject } } fragment Unused on Document { ${similar(9, 1)} }`,
  ],
  // Circles.
  [
    'a fragment that spreads itself',
    'QUERY_LIMIT_EXCEEDED',
    '{ viewer { ...A } } fragment A on Viewer { subject ...A }',
  ],
  [
    'two fragments that spread each other',
    'QUERY_LIMIT_EXCEEDED',
    '{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }',
  ],
  [
    'a circle through a field',
    'QUERY_LIMIT_EXCEEDED',
    '{ documents { edges { node { ...A } } } } fragment A on Document { similar { edges { node { ...A } } } }',
  ],
  [
    'a circle that no operation enters',
    'QUERY_LIMIT_EXCEEDED',
    '{ viewer { subject } } fragment A on Viewer { ...B } fragment B on Viewer { ...C } fragment C on Viewer { ...A }',
  ],
  [
    'a circle of fifty',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ...F0 } } ${repeat(50, (i) => `fragment F${i} on Viewer { ...F${(i + 1) % 50} }`)}`,
  ],
  // Fragments that multiply.
  [
    'a billion fields out of thirty fragments',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ...F0 } } ${repeat(30, (i) => `fragment F${i} on Viewer { ${i < 29 ? `...F${i + 1} ...F${i + 1}` : 'subject'} }`)}`,
  ],
  [
    'ten to the hundredth',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ...F0 } } ${repeat(100, (i) => `fragment F${i} on Viewer { ${i < 99 ? `...F${i + 1} `.repeat(10) : 'subject'} }`)}`,
  ],
  [
    'one fragment spread two hundred times',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ${'...A '.repeat(200)} } } fragment A on Viewer { subject }`,
  ],
  [
    'two hundred fragments spread once',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ${repeat(200, (i) => `...F${i}`)} } } ${repeat(200, (i) => `fragment F${i} on Viewer { subject }`)}`,
  ],
  // Fields.
  ['a field nine thousand times', 'QUERY_LIMIT_EXCEEDED', `{ viewer { ${'subject '.repeat(9_000)} } }`],
  ['nine thousand fields that do not exist', 'QUERY_LIMIT_EXCEEDED', `{ ${repeat(9_000, (i) => `f${i}`)} }`],
  ['two thousand objects of one name', 'QUERY_LIMIT_EXCEEDED', `{ ${'viewer { subject } '.repeat(2_000)} }`],
  ['three hundred objects of one name', 'QUERY_LIMIT_EXCEEDED', `{ ${'viewer { subject } '.repeat(300)} }`],
  [
    'three hundred objects of one name out of a fragment',
    'QUERY_LIMIT_EXCEEDED',
    `{ ${'...A '.repeat(30)} } fragment A on Query { ${'viewer { subject } '.repeat(10)} }`,
  ],
  ['a thousand operations', 'QUERY_LIMIT_EXCEEDED', repeat(1_100, (i) => `query Q${i} { viewer { subject } }`)],
  // Aliases.
  [
    'a hundred searches under a hundred names',
    'QUERY_LIMIT_EXCEEDED',
    `{ ${repeat(100, (i) => `s${i}: ${searchOf('mode')}`)} }`,
  ],
  ['sixty names for one field', 'QUERY_LIMIT_EXCEEDED', `{ viewer { ${repeat(60, (i) => `s${i}: subject`)} } }`],
  [
    'names multiplied by fragments',
    'QUERY_LIMIT_EXCEEDED',
    `{ a: viewer { ...A ...A ...A } b: viewer { ...A ...A ...A } } fragment A on Viewer { ${repeat(10, (i) => `s${i}: subject`)} }`,
  ],
  [
    'a hundred names for the schema',
    'QUERY_LIMIT_EXCEEDED',
    `{ ${repeat(100, (i) => `s${i}: __schema { types { name } }`)} }`,
  ],
  // Directives.
  ['sixty directives on a field', 'QUERY_LIMIT_EXCEEDED', `{ viewer { subject ${'@a '.repeat(60)} } }`],
  ['two thousand directives on a query', 'QUERY_LIMIT_EXCEEDED', `query ${'@a '.repeat(2_000)} { viewer { subject } }`],
  [
    'a directive on each of sixty fields',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { ${'subject @include(if: true) '.repeat(60)} } }`,
  ],
  [
    'directives on a fragment nobody spreads',
    'QUERY_LIMIT_EXCEEDED',
    `{ viewer { subject } } fragment A on Viewer ${'@a '.repeat(60)} { subject }`,
  ],
  // Tokens.
  ['eleven thousand names', 'GRAPHQL_PARSE_FAILED', `{ viewer { ${'subject '.repeat(11_000)} } }`],
  [
    'a list of twenty thousand numbers',
    'GRAPHQL_PARSE_FAILED',
    `{ search(input: { vector: [${'1 '.repeat(20_000)}] }) { __typename } }`,
  ],
  ['braces that never close', 'BAD_USER_INPUT', '{ viewer '.repeat(4_000)],
  [
    'ten thousand variables',
    'GRAPHQL_PARSE_FAILED',
    `query(${repeat(10_000, (i) => `$v${i}: Int`)}) { viewer { subject } }`,
  ],
  // Introspection.
  [
    'the schema inside itself',
    'GRAPHQL_VALIDATION_FAILED',
    `{ __schema { types { ${nest(5, 'fields { type {', 'name', '}}')} } } }`,
  ],
  [
    'types of fields of types',
    'GRAPHQL_VALIDATION_FAILED',
    `{ __type(name: "Query") { ${nest(4, 'fields { type {', 'name', '}}')} } }`,
  ],
  // Cost.
  [
    'the neighbours of a hundred documents',
    'QUERY_TOO_EXPENSIVE',
    `{ documents(first: 100) { edges { node { ${similar(1, 100)} } } } }`,
  ],
  [
    'neighbours of neighbours of neighbours',
    'QUERY_TOO_EXPENSIVE',
    `{ documents(first: 20) { edges { node { ${similar(3, 20)} } } } }`,
  ],
  [
    'a hundred hits with everything about each of their neighbours',
    'QUERY_TOO_EXPENSIVE',
    `{ ${searchOf(`edges { node { ${similar(1, 50, 'title body')} } passages(first: 10) { text } highlights { start } }`, 100)} }`,
  ],
  [
    'forty searches of a hundred hits',
    'QUERY_TOO_EXPENSIVE',
    `{ ${repeat(40, (i) => `s${i}: ${searchOf('edges { chunk { text } node { title } }', 100)}`)} }`,
  ],
  [
    'a page as long as a variable says',
    'QUERY_TOO_EXPENSIVE',
    `query($n: Int) { documents(first: $n) { edges { node { similar(first: $n) { edges { node { title } } } } } } }`,
    { n: 100 },
  ],
  [
    'a page as long as the default of a variable says',
    'QUERY_TOO_EXPENSIVE',
    `query($n: Int = 100) { documents(first: $n) { edges { node { similar(first: $n) { edges { node { title } } } } } } }`,
  ],
  [
    'what a variable includes',
    'QUERY_TOO_EXPENSIVE',
    `query($yes: Boolean!) { documents(first: 100) { edges { node { title ${similar(1, 100)} } } } viewer @include(if: $yes) { subject } }`,
    { yes: true },
  ],
  [
    'cost spread over fragments',
    'QUERY_TOO_EXPENSIVE',
    `{ documents(first: 100) { edges { node { ...A } } } } fragment A on Document { ...B } fragment B on Document { ${similar(1, 100)} }`,
  ],
  [
    'cost in one of two operations',
    'QUERY_TOO_EXPENSIVE',
    '{ documents(first: 100) { edges { node { similar(first: 100) { edges { node { body } } } } } } }',
  ],
];
