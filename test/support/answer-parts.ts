/** One part of an answer that comes in parts. */
export interface AnswerPart {
  readonly data?: Record<string, unknown>;
  readonly errors?: readonly PartError[];
  readonly incremental?: readonly {
    readonly path: readonly (string | number)[];
    readonly label?: string;
    readonly data?: Record<string, unknown> | null;
    readonly items?: readonly unknown[] | null;
    readonly errors?: readonly PartError[];
  }[];
  readonly hasNext?: boolean;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

interface PartError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Parts of a multipart answer or of a stream of events, as they come. */
export async function* readParts(response: Response): AsyncGenerator<AnswerPart, undefined> {
  const isMultipart = /^multipart\/mixed/.test(response.headers.get('content-type') ?? '');
  const [end, part] = isMultipart
    ? ['\r\n---', /\r\n\r\n(\{[\s\S]*\})/]
    : ['\n\n', /^event: next\ndata: (\{[\s\S]*\})$/];
  let text = '';
  for await (const bytes of response.body!.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>) {
    text += bytes;
    for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end)) {
      const [, json] = part.exec(text.slice(0, at)) ?? [];
      text = text.slice(at + end.length);
      if (json !== undefined) yield JSON.parse(json) as AnswerPart;
    }
  }
}

/** The answer that the parts add up to, as a client puts them together. */
export function joinParts(parts: readonly AnswerPart[]): Record<string, unknown> {
  const [first, ...rest] = structuredClone(parts) as AnswerPart[];
  const root = first?.data ?? {};
  for (const { path, data, items } of rest.flatMap(({ incremental = [] }) => incremental)) {
    const whereTo = items ? path.slice(0, -1) : path;
    // biome-ignore lint/suspicious/noExplicitAny: a path leads through data of any shape.
    const target = whereTo.reduce<any>((value, key) => value[key], root);
    if (items) target.push(...items);
    else Object.assign(target, data);
  }
  return root;
}
