import { writeFile } from 'node:fs/promises';
import { StartupError } from '../errors.ts';
import { printSortedSchema } from '../graphql/schema.ts';
import { subgraphSchema } from '../graphql/subgraph-schema.ts';
import { printSubgraphSdl } from '../graphql/subgraph-sdl.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command } from './command.ts';

const usage = 'tessera schema [--federation [--without-access]] [--write FILE]';

export const schema: Command = {
  name: 'schema',
  help: `${usage}

Prints the GraphQL schema in SDL, types and fields in alphabetical order. Needs
neither settings nor a database.

  --federation      print the subgraph instead: what a supergraph is composed of
  --without-access  leave @authenticated and @requiresScopes out of it, which
                    Apollo Gateway does not know; Tessera checks scopes anyway
  --write FILE      write it into this file instead`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      { federation: { type: 'boolean' }, 'without-access': { type: 'boolean' }, write: { type: 'string' } },
      args,
    );
    refuseWords(positionals, refuse);
    const withoutAccess = values['without-access'] ?? false;
    if (withoutAccess && !values.federation) throw refuse('--without-access goes with --federation.');
    const text = values.federation
      ? printSubgraphSdl(subgraphSchema(), { access: !withoutAccess })
      : printSortedSchema();
    if (values.write === undefined) context.print(text.trimEnd());
    else await write(values.write, text);
  },
};

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new StartupError(`The schema cannot be written: ${(cause as Error).message}.`, { cause });
  }
}
