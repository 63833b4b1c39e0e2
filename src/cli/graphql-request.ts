import { StartupError } from '../errors.ts';

/** `fetch`, over the network or into a gateway in this process. */
export type Fetch = (url: string, init: RequestInit) => Response | Promise<Response>;

export interface GraphQLEndpoint {
  readonly fetch: Fetch;
  /** Without `/graphql`. */
  readonly url: string;
  readonly token: string;
}

/** A gateway answered with an error. */
export class GatewayError extends StartupError {
  /** Such as `UNAUTHENTICATED`; undefined where the answer had none. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string; readonly requestId?: string };
  }[];
}

/**
 * Asks a gateway.
 * @returns `data` of the answer.
 * @throws {GatewayError} with the gateway's own sentence when it refuses, or what came instead of an answer.
 */
export async function requestGraphQL<Data>(
  { fetch, url, token }: GraphQLEndpoint,
  query: string,
  variables: Record<string, unknown>,
): Promise<Data> {
  const { status, text } = await send();
  const { data, errors } = parseAnswer<Data>(text) ?? {};
  const [error] = errors ?? [];
  if (error) throw gatewayError(error);
  if (data === undefined || data === null) {
    throw new GatewayError(
      `${url}/graphql answered ${status}, and not as a Tessera gateway does. Is the address right?`,
    );
  }
  return data;

  async function send(): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new GatewayError(`${url} cannot be reached: ${reasonOf(error)}.`);
    }
  }
}

function parseAnswer<Data>(text: string): Answer<Data> | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? (answer as Answer<Data>) : undefined;
  } catch {
    return undefined;
  }
}

/** A masked error is explained by the gateway's log alone, and the request id is how to find it there. */
function gatewayError({ message, extensions }: NonNullable<Answer<unknown>['errors']>[number]): GatewayError {
  const { code, requestId } = extensions ?? {};
  const pointer = code === 'INTERNAL_SERVER_ERROR' && requestId ? ` (request ${requestId})` : '';
  return new GatewayError(`${message}${pointer}`, code);
}

/** `fetch` says "fetch failed" and has what failed as its cause. */
function reasonOf(error: unknown): string {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (root instanceof AggregateError) return root.errors.map(reasonOf).join('; ');
  return root instanceof Error ? root.message : String(root);
}

/** How a member of a result union tells of a failure. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/**
 * The successful member of a result union.
 * @throws {GatewayError} with the sentence of any other member.
 */
export function successOf<Success extends object>(outcome: Success | Failure): Success {
  if ('message' in outcome) throw new GatewayError(outcome.message, outcome.code);
  return outcome;
}
