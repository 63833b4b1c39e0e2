import { readFileSync } from 'node:fs';
import {
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isInputObjectType,
  printSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../../src/graphql/schema.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/**
 * The contract that clients were given last: `schema.graphql` of the last release in the changelog. A release replaces it
 * by a copy. Before the first release it is the schema as it was when this test was written.
 */
const released = buildSchema(read('test/schema/released.graphql'));

/** An input of which one field is to be given from now on. graphql-js does not count it among the changes that break. */
function narrowed(now: GraphQLSchema): string[] {
  return Object.values(now.getTypeMap())
    .filter((type) => isInputObjectType(type) && type.isOneOf)
    .map(({ name }) => released.getType(name))
    .filter((type) => isInputObjectType(type) && !type.isOneOf)
    .map((type) => `${type?.name} became @oneOf.`);
}

/** Changes that break clients and that the changelog does not own up to, in the words of graphql-js. */
function unannounced(now: GraphQLSchema, changelog: string): string[] {
  const upcoming = /^## Unreleased\n(.*?)(?=^## )/ms.exec(`${changelog}\n## `)?.[1] ?? '';
  return findBreakingChanges(released, buildSchema(printSchema(now)))
    .map(({ description }) => description)
    .concat(narrowed(now))
    .filter((description) => !upcoming.includes(description));
}

describe('the schema since the last release', () => {
  test('breaks no client without a line in the changelog that says so in these words', () => {
    expect(unannounced(schema, read('CHANGELOG.md'))).toEqual([]);
  });

  test('would be found broken, and announced, by this test', () => {
    const text = printSchema(released);
    const broken = buildSchema(
      text.replace(/\n {2}"""One line\."""\n {2}title: String!\n/, '\n').replace('first: Int\n', 'first: Int!\n'),
    );
    const changes = unannounced(broken, '## Unreleased\n\n- Something else.\n');
    expect(changes).toContain('Document.title was removed.');
    expect(changes.length).toBeGreaterThanOrEqual(2);
    const changelog = `## Unreleased\n\n${changes.map((change) => `- Breaking: ${change}\n`).join('')}\n## 0.1.0\n`;
    expect(unannounced(broken, changelog)).toEqual([]);
    expect(unannounced(broken, `## Unreleased\n\n- Nothing.\n\n## 0.1.0\n\n${changes.join('\n')}`)).toEqual(changes);
  });

  test('breaks clients where one field of an input must be given from now on, which is announced, too', () => {
    const narrow = buildSchema(printSchema(released).replace('input FusionInput {', 'input FusionInput @oneOf {'));
    expect(unannounced(narrow, '## Unreleased\n')).toEqual(['FusionInput became @oneOf.']);
    expect(unannounced(schema, '## Unreleased\n')).toContain('RecallInput became @oneOf.');
  });

  test('may have grown, and what may surprise clients is told', () => {
    // A new member of an enum or a union is no break, but a client may not expect it.
    for (const { description } of findDangerousChanges(released, buildSchema(printSchema(schema)))) {
      expect(description).toMatch(/was added|default/);
    }
  });
});
