import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type AnswerItem, type Dialect, type DialectName, dialects } from './provider-dialects.ts';

/** One way in which a provider lets its clients down. */
export type Misbehaviour =
  /** Answers with an HTTP status and, if given, a body and headers. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** Answers as usual, but late. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Closes the connection before the answer, or in the middle of it. */
  | { readonly kind: 'cut'; readonly after: 'nothing' | 'half' }
  /** Answers 200 with something that is not JSON. */
  | { readonly kind: 'invalidJson' }
  /** Answers 200 with JSON of some other shape. */
  | { readonly kind: 'otherShape' }
  /** Leaves out the vector of the last text. */
  | { readonly kind: 'wrongCount' }
  /** Sends every vector one component short. */
  | { readonly kind: 'wrongDimensions' }
  /** Puts NaN (in JSON numbers: null) in the place of a component. */
  | { readonly kind: 'notANumber' }
  /** Sends vectors of nothing but zeros. */
  | { readonly kind: 'zeros' }
  /** Answers 400 to a request with a text that holds a word, and as usual to any other. */
  | { readonly kind: 'refuseWord'; readonly word: string }
  /** Does something else to a request with a text that holds a word, and answers any other as usual. */
  | { readonly kind: 'atWord'; readonly word: string; readonly does: Misbehaviour }
  /** Gives every vector the index 0. */
  | { readonly kind: 'sameIndex' }
  /** Answers 200 and goes on for ever, as fast as it is read. */
  | { readonly kind: 'endless' };

interface EmbeddingRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly input: readonly string[];
    readonly dimensions?: number;
    readonly encoding_format?: string;
  };
}

export interface EmbeddingServer extends AsyncDisposable {
  /** Base URL for the embedder's options, ending in `/v1` for OpenAI. */
  readonly baseUrl: string;
  /** Every request to the endpoint, oldest first. */
  readonly requests: EmbeddingRequest[];
  /** Misbehaves for the next `times` requests (default: until told otherwise). */
  misbehave(misbehaviour: Misbehaviour, times?: number): void;
  /** Answers properly again. */
  behave(): void;
  close(): Promise<void>;
}

export interface EmbeddingServerOptions {
  /** Whose API it speaks (default OpenAI's). */
  readonly dialect?: DialectName;
  /** Components of a vector when the request does not say (default 1,536). */
  readonly dimensions?: number;
  /** Answers in this form whatever the request asks for, as some servers do. */
  readonly encoding?: 'base64' | 'float';
  /** What a text's vector is (default {@link hashedVector}). */
  readonly vectorOf?: (text: string, dimensions: number) => Float32Array;
}

interface Item {
  index: number;
  vector: Float32Array;
}

/** Starts a provider on a free port of 127.0.0.1. Its vectors are those of {@link hashedVector}, and each text is a token. */
export async function startEmbeddingServer(options: EmbeddingServerOptions = {}): Promise<EmbeddingServer> {
  const dialect: Dialect = dialects[options.dialect ?? 'openai'];
  const requests: EmbeddingRequest[] = [];
  let current: { misbehaviour: Misbehaviour; timesLeft: number } | undefined;

  function nextMisbehaviour(): Misbehaviour | undefined {
    if (current === undefined || current.timesLeft === 0) return undefined;
    current.timesLeft--;
    return current.misbehaviour;
  }

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (request.method !== 'POST' || path.split('?')[0] !== dialect.base + dialect.path) {
      response.writeHead(404).end();
      return;
    }
    const body: EmbeddingRequest['body'] = JSON.parse(await readBody(request));
    requests.push({ path, headers: request.headers, body });
    const next = nextMisbehaviour();
    const read = body as unknown as Record<string, unknown>;
    const holds = (word: string) => dialect.textsOf(read).some((text) => text.includes(word));
    const misbehaviour = next?.kind !== 'atWord' ? next : holds(next.word) ? next.does : undefined;
    if (misbehaviour?.kind === 'refuseWord' && holds(misbehaviour.word)) {
      response.writeHead(400).end();
      return;
    }
    const dimensions = Number(dialect.dimensionsOf(read) ?? options.dimensions ?? 1536);
    // In reverse, because nothing promises the order of the request.
    const items = dialect
      .textsOf(read)
      .map((text, index) => ({ index, vector: (options.vectorOf ?? hashedVector)(text, dimensions) }))
      .reverse();
    const encoding = options.encoding ?? (body.encoding_format === 'base64' ? 'base64' : 'float');
    const encoded = spoil(items, misbehaviour).map(({ index, vector }) => ({
      index,
      embedding: encode(vector, encoding),
    }));
    await answer(response, encoded, dialect, misbehaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
  return {
    baseUrl: `http://127.0.0.1:${port}${dialect.base}`,
    requests,
    misbehave(misbehaviour, times = Number.POSITIVE_INFINITY) {
      current = { misbehaviour, timesLeft: times };
    },
    behave() {
      current = undefined;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * A deterministic unit vector: each word adds pseudo-random components seeded by its letters, so texts that share words are
 * close. A shorter vector is the prefix of a longer one, renormalised, as with a Matryoshka model.
 */
export function hashedVector(text: string, dimensions: number): Float32Array {
  const sum = new Float64Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    let state = 2166136261;
    for (let i = 0; i < word.length; i++) state = Math.imul(state ^ word.charCodeAt(i), 16777619);
    for (let i = 0; i < dimensions; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      sum[i]! += state / 2 ** 31;
    }
  }
  const length = Math.hypot(...sum);
  return Float32Array.from(sum, (component) => component / length);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function spoil(items: Item[], misbehaviour: Misbehaviour | undefined): Item[] {
  switch (misbehaviour?.kind) {
    case 'wrongCount':
      return items.filter(({ index }) => index < items.length - 1);
    case 'wrongDimensions':
      return items.map(({ index, vector }) => ({ index, vector: vector.subarray(1) }));
    case 'notANumber':
      return items.map(({ index, vector }) => ({ index, vector: vector.with(7, Number.NaN) }));
    case 'zeros':
      return items.map(({ index, vector }) => ({ index, vector: new Float32Array(vector.length) }));
    case 'sameIndex':
      return items.map(({ vector }) => ({ index: 0, vector }));
    default:
      return items;
  }
}

async function answer(
  response: ServerResponse,
  items: readonly AnswerItem[],
  dialect: Dialect,
  misbehaviour: Misbehaviour | undefined,
): Promise<void> {
  const body = JSON.stringify(dialect.answer(items, items.length));
  switch (misbehaviour?.kind) {
    case 'status':
      response.writeHead(misbehaviour.status, misbehaviour.headers).end(misbehaviour.body);
      return;
    case 'delay':
      await wait(misbehaviour.delayMs, undefined, { ref: false });
      break;
    case 'cut':
      if (misbehaviour.after === 'nothing') response.destroy();
      else
        response.writeHead(200, { 'content-length': body.length }).write(body.slice(0, 200), () => response.destroy());
      return;
    case 'invalidJson':
      response.writeHead(200).end(`<html>${body}`);
      return;
    case 'otherShape':
      response.writeHead(200).end('{"vectors":[]}');
      return;
    case 'endless':
      response.writeHead(200);
      // The client is expected to hang up.
      await pipeline(Readable.from(endlessSpace()), response).catch(() => {});
      return;
  }
  if (!response.destroyed) response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

function encode(vector: Float32Array, encoding: 'base64' | 'float'): string | number[] {
  if (encoding === 'float') return Array.from(vector);
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [i, component] of vector.entries()) bytes.writeFloatLE(component, 4 * i);
  return bytes.toString('base64');
}

function* endlessSpace(): Generator<string> {
  while (true) yield ' '.repeat(65_536);
}
