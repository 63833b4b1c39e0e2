import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoTenants, loadDemoData } from '../../src/cli/demo-data.ts';
import { type Listening, listen } from '../../src/http/listen.ts';
import { documentBlocks } from '../support/document-blocks.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Ran, runProgram } from '../support/run-program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Within the project, so that its packages are found. */
const folder = `${root}.artifacts/clients/`;

/** What the plugins of a configuration are called, and what they are. */
const plugins = { 'typescript-operations': operations, 'typed-document-node': typedDocuments };

interface CodegenConfig {
  readonly schema: string;
  readonly documents: readonly string[];
  readonly generates: Readonly<
    Record<string, { readonly plugins: readonly (keyof typeof plugins)[]; readonly config: Record<string, unknown> }>
  >;
}

describe('the examples of docs/clients.md', () => {
  const blocks = documentBlocks('docs/clients.md');
  let gateway: TestGateway;
  let listening: Listening;
  let env: Record<string, string>;

  beforeAll(async () => {
    gateway = await openTestGateway();
    await loadDemoData(gateway.deps, gateway.workerDeps);
    listening = await listen(gateway.gateway, { host: '127.0.0.1', port: 0 });
    const [tenant = ''] = demoTenants;
    env = { TESSERA_URL: `${listening.url}/graphql`, TESSERA_TOKEN: await gateway.tokenFor(tenant) };
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const [name, text] of blocks) await writeFile(`${folder}${name}`, text);
    await generate(JSON.parse(blocks.get('codegen.json') ?? '') as CodegenConfig);
  });
  afterAll(async () => {
    await listening.close();
    await gateway.close();
  });

  /** What the generator's own command does with a configuration. */
  async function generate({ schema, documents, generates }: CodegenConfig): Promise<void> {
    const sources = await Promise.all(documents.map((name) => readFile(`${folder}${name}`, 'utf8')));
    for (const [filename, { plugins: names, config }] of Object.entries(generates)) {
      const text = await codegen({
        filename,
        schema: parse(await readFile(`${root}${schema}`, 'utf8')),
        documents: sources.map((source, index) => ({ location: documents[index] ?? '', document: parse(source) })),
        plugins: names.map((name) => ({ [name]: {} })),
        pluginMap: Object.fromEntries(names.map((name) => [name, plugins[name]])),
        config,
      });
      await writeFile(`${folder}${filename}`, text);
    }
  }

  const runFile = (name: string): Promise<Ran> => runProgram(process.execPath, [name], { cwd: folder, env });

  test('are all there', () => {
    expect([...blocks.keys()]).toEqual([
      ...['search.sh', 'fetch.ts', 'search.graphql', 'codegen.json', 'urql.ts', 'deferred.ts', 'use-search.ts'],
    ]);
  });

  test('hold to their types, generated ones included', async () => {
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { lib: ['es2024', 'dom', 'dom.iterable'], types: ['node', 'react'] },
      include: ['*.ts'],
      exclude: [],
    };
    await writeFile(`${folder}tsconfig.json`, JSON.stringify(config));
    const tsc = `${root}node_modules/.bin/tsc`;
    expect(await runProgram(tsc, ['--noEmit', '-p', folder], { cwd: root })).toEqual({
      ...{ status: 0, stdout: '', stderr: '' },
    });
    // The check can fail: a field that was not asked for is none of the answer's.
    const urql = await readFile(`${folder}urql.ts`, 'utf8');
    await writeFile(`${folder}wrong.ts`, urql.replace('node.title', 'node.body'));
    const { status, stdout } = await runProgram(tsc, ['--noEmit', '-p', folder], { cwd: root });
    await rm(`${folder}wrong.ts`);
    expect(status).not.toBe(0);
    expect(stdout).toContain("'body' does not exist");
  });

  test('curl', async () => {
    const { stdout, status } = await runProgram('sh', ['-eu', 'search.sh'], { cwd: folder, env });
    const { data, errors } = JSON.parse(stdout) as { data: { search: { edges: unknown[] } }; errors?: unknown };
    expect([status, errors]).toEqual([0, undefined]);
    expect(data.search.edges).toHaveLength(3);
    expect(stdout).toMatch(/parking/i);
  });

  test('fetch, and what it says of a token that does not hold', async () => {
    const { stdout, stderr, status } = await runFile('fetch.ts');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stdout).toMatch(/^1\.000 .*parking/im);
    const wrong = { ...env, TESSERA_TOKEN: 'nonsense' };
    const refused = await runProgram(process.execPath, ['fetch.ts'], { cwd: folder, env: wrong });
    expect(refused.stderr).toMatch(/UNAUTHENTICATED: .* \(request [\w-]{36}\)/);
  });

  test('urql with typed documents, page after page', async () => {
    const { stdout, stderr, status } = await runFile('urql.ts');
    expect([status, stderr]).toEqual([0, '']);
    const titles = stdout.trim().split('\n');
    expect(titles).toHaveLength(6);
    expect(new Set(titles).size).toBe(6);
  });

  test('urql with deferred parts: titles first, texts later', async () => {
    const { stdout, stderr, status } = await runFile('deferred.ts');
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/\.\.\. $|\.\.\.$/);
    expect(lines.at(-1)).toMatch(/\d+ characters done$/);
  });

  test('the React hook is that of the example, which a browser runs', async () => {
    const hook = await readFile(`${root}examples/search-box/page/use-search.ts`, 'utf8');
    expect(blocks.get('use-search.ts')).toBe(hook);
  });
});
