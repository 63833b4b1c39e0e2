import { attributeTypes } from '../attribute.ts';
import { languages } from '../language.ts';
import { readChoice, readGatewayUrl, readTenant } from './argument-values.ts';
import { type Refuse, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { openGatewayClient } from './gateway-client.ts';
import { type Failure, successOf } from './graphql-request.ts';

const usage =
  'tessera define COLLECTION --tenant ID [--language NAME] [--attribute NAME:TYPE ...] [--url URL] [--token TOKEN]';

export const define: Command = {
  name: 'define',
  help: `${usage}

Says what the language and the filterable attributes of a collection are, in
place of what was said before. Attributes of documents that it holds are filled
at once; from then on a document with a value of another type is refused.

  COLLECTION             its name; it need not hold documents yet
  --tenant ID            whose collection
  --language NAME        how its words are stemmed, as PostgreSQL names it
                         (german); english without it. It cannot change while
                         the collection holds documents
  --attribute NAME:TYPE  a key of the metadata, and text, number, boolean, date
                         or text_list; may be given several times
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

interface Payload {
  readonly unfitValues: number;
  readonly collection: {
    readonly name: string;
    readonly documents: number;
    readonly language: string;
    readonly attributes: readonly { readonly name: string; readonly type: string }[];
  };
}

const mutation = `mutation Define($input: DefineCollectionInput!) {
  defineCollection(input: $input) {
    ... on DefineCollectionPayload {
      unfitValues
      collection { name documents language attributes { name type } }
    }
    ... on Error { code message }
  }
}`;

function describe({ unfitValues, collection }: Payload): string[] {
  const { name, documents, language, attributes } = collection;
  const declared = attributes.map((each) => `${each.name}:${each.type.toLowerCase()}`);
  const lines = [
    `${name}: ${documents} documents, ${language.toLowerCase()}, ${declared.length === 0 ? 'no attributes' : declared.join(' ')}`,
  ];
  if (unfitValues > 0)
    lines.push(
      `${unfitValues} values of stored documents do not fit; filters on these attributes take them as absent.`,
    );
  return lines;
}
