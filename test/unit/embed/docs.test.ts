import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { embedderVariables } from '../../../src/config/embedder-rules.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { knownModels } from '../../../src/embed/known-models.ts';
import { loadOnnxRuntime } from '../../../src/embed/onnx-runtime.ts';
import { openEmbedder } from '../../../src/embed/open-embedder.ts';

const page = await readFile(new URL('../../../docs/embedders.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```sh\n(EMBEDDER=.*?)^```$/gms)].map(([, block = '']) =>
  Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  ),
);
/** The cells of each row of the table below a heading cell. */
function rowsOf(firstCell: string): string[][] {
  const lines = page
    .slice(page.indexOf(`| ${firstCell} |`))
    .split('\n\n')[0]!
    .split('\n')
    .slice(2);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
const codes = (cell = '') => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);

describe('docs/embedders.md', () => {
  test('has an example of every embedder that needs settings', () => {
    const kinds = new Set(examples.map(({ EMBEDDER }) => EMBEDDER));
    expect([...kinds].toSorted()).toEqual(
      Object.keys(embedderVariables)
        .filter((kind) => kind !== 'static')
        .toSorted(),
    );
  });

  test.each(examples.map((example) => [example.EMBEDDING_MODEL, example] as const))(
    'has an example with %s that works as it stands',
    async (model, example) => {
      const { embedder } = loadConfig(example);
      expect(embedder.kind).toBe(example.EMBEDDER);
      if (embedder.kind !== 'local') expect((await openEmbedder(embedder)).model.name).toBe(model);
    },
  );

  test('installs the optional peer of package.json as the start says, which the lock file leaves out', async () => {
    const name = '@huggingface/transformers';
    const read = async (file: string) =>
      JSON.parse(await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8'));
    const { peerDependencies, peerDependenciesMeta, dependencies, devDependencies } = await read('package.json');
    expect([peerDependencies[name], peerDependenciesMeta[name]]).toEqual([expect.any(String), { optional: true }]);
    expect({ ...dependencies, ...devDependencies }).not.toHaveProperty([name]);
    expect(page).toContain(`optional peer dependency (\`${peerDependencies[name]}\`)`);
    const { packages } = await read('package-lock.json');
    expect(packages[''].peerDependencies).toEqual(peerDependencies);
    expect(packages).not.toHaveProperty([`node_modules/${name}`]);
    const [command = ''] = /^npm install .*transformers$/m.exec(page) ?? [];
    await expect(loadOnnxRuntime()).rejects.toThrow(`install it with "${command}"`);
  });

  test('names the variables that each embedder needs and takes', () => {
    const shared = page.slice(page.indexOf('*Any model'), page.indexOf('`EMBEDDING_TENANT_TOKENS'));
    const [models = '', services = '', prefixes = ''] = shared.split(/\*Any service's\*|\*Prefixes\*/);
    const written = rowsOf('`EMBEDDER`').map(([kind = '', required, optional = '']) => [
      codes(kind)[0],
      {
        required: codes(required).toSorted(),
        optional: [
          ...codes(optional),
          ...(/any (model|service)'s/.test(optional) ? codes(models) : []),
          ...(optional.includes("any service's") ? codes(services) : []),
          ...(optional.includes('prefixes') ? codes(prefixes) : []),
        ].toSorted(),
      },
    ]);
    const expected = Object.entries(embedderVariables).map(([kind, { required, optional }]) => [
      kind,
      { required: required.toSorted(), optional: optional.toSorted() },
    ]);
    expect(written).toEqual(expected);
  });

  test('names the variables that are taken without effect', () => {
    const [, sentence = ''] = /^Without effect, but no fault: ([^.]*)\./m.exec(page) ?? [];
    const written = sentence.split(';').map((part) => {
      const [kind, ...names] = codes(part);
      return [kind, names.toSorted()];
    });
    const expected = Object.entries(embedderVariables).flatMap(([kind, { idle }]) =>
      idle ? [[kind, idle.toSorted()]] : [],
    );
    expect(written).toEqual(expected);
  });

  test('has the models that are known', () => {
    const written = rowsOf('model').map(([names, matryoshka, maxTokens, query, document]) => ({
      names: codes(names),
      matryoshka: matryoshka === 'yes',
      maxTokens: Number(maxTokens),
      prefixes: { query: codes(query)[0] ?? '', document: codes(document)[0] ?? '' },
    }));
    const none = { query: '', document: '' };
    expect(written).toEqual(
      knownModels.map(({ names, matryoshka, maxTokens, prefixes = none }) => ({
        names,
        matryoshka,
        maxTokens,
        prefixes,
      })),
    );
  });
});
