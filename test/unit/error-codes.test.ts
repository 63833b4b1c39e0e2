import { readFileSync } from 'node:fs';
import { isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { expectedErrors, refusals, requestFaults } from '../../src/error-codes.ts';
import { schema } from '../../src/graphql/schema.ts';

const rowsOf = {
  expectedErrors: table(['code', 'type', 'when'], expectedErrors, ({ type, when }) => [`\`${type}\``, when]),
  refusals: table(['code', 'HTTP', 'when'], refusals, ({ status, when }) => [status.join(', '), when]),
  requestFaults: table(['code', 'HTTP', 'when'], requestFaults, ({ status, when }) => [status.join(', '), when]),
};

/** The page with its tables made anew. */
function withTables(page: string): string {
  return page.replace(/(<!-- table of (\w+) -->\n).*?(<!-- end of table -->)/gs, (_, head, name, end) => {
    return `${head}\n${rowsOf[name as keyof typeof rowsOf]}\n\n${end}`;
  });
}

function table<Entry>(
  head: readonly string[],
  entries: Readonly<Record<string, Entry>>,
  cells: (entry: Entry) => readonly string[],
): string {
  const rows = Object.entries(entries).map(([code, entry]) => [`\`${code}\``, ...cells(entry)]);
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

  test('is what src/error-codes.ts says', async () => {
    await expect(withTables(page)).toMatchFileSnapshot('../../docs/errors.md');
  });

  test('has each of the tables once', () => {
    const names = [...page.matchAll(/<!-- table of (\w+) -->/g)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(Object.keys(rowsOf).toSorted());
  });
});

describe('the codes of expected failures', () => {
  const failures = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter((type) => type.getInterfaces().some((each) => isInterfaceType(each) && each.name === 'Error'));

  test('belong to the types that implement Error, each of which has at least one', () => {
    const named = new Set(Object.values(expectedErrors).map(({ type }) => type));
    expect([...named].toSorted()).toEqual(failures.map(({ name }) => name).toSorted());
  });

  test.each(Object.entries(expectedErrors))('%s is in the description of its type', (code, { type }) => {
    expect(schema.getType(type)?.description).toContain(`\`${code}\``);
  });
});
