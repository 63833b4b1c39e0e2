import { refusals, requestFaults } from '../../src/error-codes.ts';

/** An error of a GraphQL answer. */
interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** What came back over HTTP. */
export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
  readonly data: Data | null | undefined;
  readonly errors: readonly AnswerError[];
}

const listedCodes: ReadonlySet<unknown> = new Set([...Object.keys(refusals), ...Object.keys(requestFaults)]);

/** Reads a response whole; a body that is not JSON has neither data nor errors. An error whose code is not listed fails the test. */
export async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? (JSON.parse(text) as { data?: Data; errors?: AnswerError[] }) : {};
  const unlisted = body.errors?.find(({ extensions }) => !listedCodes.has(extensions?.code));
  if (unlisted) throw new Error(`The code of this error is not in src/error-codes.ts: ${JSON.stringify(unlisted)}`);
  return { status: response.status, headers: response.headers, text, data: body.data, errors: body.errors ?? [] };
}

/** The data of an answer that has no errors. */
export function dataOf<Data>(answer: Answer<Data>): Data {
  if (answer.errors.length > 0 || !answer.data) {
    throw new Error(`The request failed with status ${answer.status}: ${answer.text.slice(0, 2_000)}`);
  }
  return answer.data;
}
