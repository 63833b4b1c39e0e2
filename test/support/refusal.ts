import { expect } from 'vitest';
import type { Answer } from './graphql-answer.ts';

/** What a refused request is answered with. */
export interface ExpectedRefusal {
  readonly status: number;
  readonly code: string;
  /** What the sentence names: what was wrong, what was received, what is allowed. */
  readonly says: RegExp;
}

/** What nobody outside may read: stack traces, paths of this program, SQL, names of the schema. */
const internals =
  /\n\s+at |node_modules|file:\/\/|\.ts:\d|\/src\/|\b(?:select|insert into|update|delete from)\b[^"]*\b(?:from|values|set|where)\b|tessera_|pg_|SQLSTATE|relation "/i;

/** Checks that an answer is a refusal: coded, worded for people, with its request id, without data and without internals. */
export function expectRefusal(answer: Answer, { status, code, says }: ExpectedRefusal): void {
  const [error] = answer.errors;
  if (!error) throw new Error(`The request was answered with status ${answer.status}: ${answer.text.slice(0, 1_000)}`);
  expect({ status: answer.status, code: error.extensions?.code, message: error.message }).toEqual({
    status,
    code,
    message: expect.stringMatching(says),
  });
  expect(error.message).toMatch(/^["A-Z].{18,600}$/s);
  for (const { extensions } of answer.errors) {
    expect(extensions?.requestId).toMatch(/^[\w.-]{8,128}$/);
    expect(extensions?.requestId).toBe(answer.headers.get('x-request-id'));
  }
  expect(answer.data).toBeUndefined();
  expect(answer.text).not.toMatch(internals);
  expect(answer.text.length).toBeLessThan(8_000);
}
