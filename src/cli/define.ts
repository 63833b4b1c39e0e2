import { attributeTypes } from '../attribute.ts';
import { chunkContexts, chunkKinds, chunkTokenLimits, defaultChunking } from '../chunking.ts';
import { counted } from '../counted.ts';
import { languages } from '../language.ts';
import { readChoice, readCount, readGatewayUrl, readTenant } from './argument-values.ts';
import { type Refuse, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { openGatewayClient } from './gateway-client.ts';
import { type Failure, successOf } from './graphql-request.ts';

const usage =
  'tessera define COLLECTION --tenant ID [--language NAME] [--attribute NAME:TYPE ...] [--chunks KIND] [--chunk-tokens N] [--chunk-overlap N] [--chunk-context WHAT] [--url URL] [--token TOKEN]';

export const define: Command = {
  name: 'define',
  help: `${usage}

Says what the language, the filterable attributes and the chunks of a collection
are, in place of what was said before. Attributes of documents that it holds are
filled at once; from then on a document with a value of another type is refused.

  COLLECTION             its name; it need not hold documents yet
  --tenant ID            whose collection
  --language NAME        how its words are stemmed, as PostgreSQL names it
                         (german); english without it. It cannot change while
                         the collection holds documents
  --attribute NAME:TYPE  a key of the metadata, and text, number, boolean, date
                         or text_list; may be given several times
  --chunks KIND          how its documents are divided when they are written:
                         auto, markdown, recursive, code or sentence; auto
                         without it
  --chunk-tokens N       tokens of a chunk, at most; those of the settings
                         without it
  --chunk-overlap N      tokens that a chunk repeats of the one before it
  --chunk-context WHAT   what is embedded with a chunk: none, title or
                         title_and_headings; the last without it
  --url URL              a running gateway, such as http://127.0.0.1:4000;
                         without it, the database of the settings
  --token TOKEN          for that gateway; without it, one is signed with the
                         secret of the settings`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        language: { type: 'string', default: 'english' },
        attribute: { type: 'string', multiple: true, default: [] },
        chunks: { type: 'string', default: defaultChunking.kind },
        'chunk-tokens': { type: 'string' },
        'chunk-overlap': { type: 'string' },
        'chunk-context': { type: 'string', default: defaultChunking.context },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      args,
    );
    const [name, extra] = positionals;
    if (name === undefined) throw refuse('The name of the collection is missing.');
    if (extra !== undefined) throw refuse(`"${extra}" is not expected here; one collection is allowed.`);
    const input = {
      name,
      language: readChoice('--language', values.language, languages, refuse).toUpperCase(),
      attributes: values.attribute.map((text) => readAttribute(text, refuse)),
      chunking: {
        kind: readChoice('--chunks', values.chunks, chunkKinds, refuse).toUpperCase(),
        maxTokens: readTokens('--chunk-tokens', values['chunk-tokens'], chunkTokenLimits.least, refuse),
        overlapTokens: readTokens('--chunk-overlap', values['chunk-overlap'], 0, refuse),
        context: readChoice('--chunk-context', values['chunk-context'], chunkContexts, refuse).toUpperCase(),
      },
    };
    const needsTenant = values.token === undefined || values.tenant !== undefined;
    const client = await openGatewayClient(context, {
      url: values.url === undefined ? undefined : readGatewayUrl(values.url, refuse),
      token: values.token,
      tenantId: needsTenant ? readTenant(values.tenant, refuse) : undefined,
    });
    try {
      const { defineCollection } = await client.request<{ defineCollection: Payload | Failure }>(mutation, { input });
      for (const line of describe(successOf(defineCollection))) context.print(line);
    } finally {
      await client.close();
    }
  },
};

/** A name may hold dots and dashes, but no colon. */
function readAttribute(text: string, refuse: Refuse): { name: string; type: string } {
  const [name = '', type, ...more] = text.split(':');
  if (type === undefined || more.length > 0)
    throw refuse(`--attribute received "${text}"; a name and a type such as year:number are allowed.`);
  return { name, type: readChoice('The type of --attribute', type, attributeTypes, refuse).toUpperCase() };
}

function readTokens(option: string, text: string | undefined, least: number, refuse: Refuse): number | null {
  return text === undefined ? null : readCount(option, text, [least, chunkTokenLimits.most], refuse);
}

interface Payload {
  readonly unfitValues: number;
  readonly collection: {
    readonly name: string;
    readonly documents: number;
    readonly language: string;
    readonly attributes: readonly { readonly name: string; readonly type: string }[];
    readonly chunking: {
      readonly kind: string;
      readonly maxTokens: number | null;
      readonly overlapTokens: number | null;
      readonly context: string;
    };
  };
}

const mutation = `mutation Define($input: DefineCollectionInput!) {
  defineCollection(input: $input) {
    ... on DefineCollectionPayload {
      unfitValues
      collection { name documents language attributes { name type } chunking { kind maxTokens overlapTokens context } }
    }
    ... on Error { code message }
  }
}`;

function describe({ unfitValues, collection }: Payload): string[] {
  const { name, documents, language, attributes } = collection;
  const declared = attributes.map((each) => `${each.name}:${each.type.toLowerCase()}`);
  const lines = [
    `${name}: ${counted(documents, 'document')}, ${language.toLowerCase()}, ${declared.length === 0 ? 'no attributes' : declared.join(' ')}`,
    ...describeChunking(collection.chunking),
  ];
  if (unfitValues > 0)
    lines.push(
      `${counted(unfitValues, 'value of stored documents does not fit; filters on its attribute take it', 'values of stored documents do not fit; filters on these attributes take them')} as absent.`,
    );
  return lines;
}

/** Nothing for the usual way. */
function describeChunking({ kind, maxTokens, overlapTokens, context }: Payload['collection']['chunking']): string[] {
  const usual = defaultChunking;
  const said = [
    kind.toLowerCase() === usual.kind ? '' : kind.toLowerCase(),
    maxTokens === null ? '' : `${maxTokens} tokens at most`,
    overlapTokens === null ? '' : `${overlapTokens} of them repeated`,
    context.toLowerCase() === usual.context ? '' : `embedded with ${context.toLowerCase()}`,
  ].filter((each) => each !== '');
  return said.length === 0 ? [] : [`Chunks: ${said.join(', ')}.`];
}
