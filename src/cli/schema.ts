import { writeFile } from 'node:fs/promises';
import { StartupError } from '../errors.ts';
import { printSortedSchema } from '../graphql/schema.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command } from './command.ts';

const usage = 'tessera schema [--write FILE]';

export const schema: Command = {
  name: 'schema',
  help: `${usage}

Prints the GraphQL schema in SDL, types and fields in alphabetical order. Needs
neither settings nor a database.

  --write FILE   write it into this file instead`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(usage, { write: { type: 'string' } }, args);
    refuseWords(positionals, refuse);
    const text = printSortedSchema();
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
