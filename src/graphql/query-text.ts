import type { DocumentNode } from 'graphql';
import { Refusal } from '../errors.ts';

/** Longer values belong into variables. A text of this length with nothing but spaces takes the parser some 5 ms. */
const mostCharacters = 1_000_000;
/** No name of the schema has a third of it; to a wrong one the right ones are compared letter by letter. */
const longestName = 256;

/**
 * Looks at a GraphQL text before it is parsed: the parser does not count comments among its tokens.
 * @throws {Refusal} `QUERY_LIMIT_EXCEEDED`
 */
export function checkText(text: string, mostTokens: number): void {
  if (text.length > mostCharacters) {
    throw tooMuch(
      `The GraphQL text has ${text.length} characters; at most ${mostCharacters} are allowed. Send long values as variables.`,
    );
  }
  let marks = 0;
  for (let at = text.indexOf('#'); at !== -1 && marks <= mostTokens; at = text.indexOf('#', at + 1)) marks++;
  if (marks > mostTokens) throw tooMuch(`The GraphQL text has more than ${mostTokens} times "#".`);
}

/**
 * Looks at a parsed text before it is validated, in time that grows with its tokens.
 * @throws {Refusal} `QUERY_LIMIT_EXCEEDED`
 */
export function checkNames({ loc }: DocumentNode): void {
  for (let token = loc?.startToken ?? null; token; token = token.next) {
    const length = token.kind === 'Name' ? token.end - token.start : 0;
    if (length > longestName)
      throw tooMuch(`A name in the GraphQL text has ${length} characters; at most ${longestName} are allowed.`);
  }
}

function tooMuch(message: string): Refusal {
  return new Refusal('QUERY_LIMIT_EXCEEDED', message);
}
