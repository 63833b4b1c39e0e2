import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/arguments.ts';
import { commands } from '../../src/cli/commands.ts';
import { createTestContext } from './context.ts';
import { cleanUp, impossibleFolder, run } from './program.ts';

afterAll(cleanUp);

const names = commands.map(({ name }) => name);
const oneLine = /^tessera: [^\n]+\n$/;

describe('help', () => {
  test.each([[[]], [['--help']]])('%j lists every command and ends with 0', async (args) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^ {2}\w+/gm)?.map((word) => word.trim())).toEqual(names);
  });

  test.each([[['help', 'token']], [['token', '--tenant', 'a', '--help']]])('%j explains the command', async (args) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^tessera token --tenant ID /);
  });

  test.each(commands)('of $name begins with its usage and fits a terminal', async ({ name, summary, load }) => {
    const command = await load();
    const [usage = '', ...lines] = command.help.split('\n');
    expect(command.name).toBe(name);
    expect(usage).toMatch(new RegExp(`^tessera ${name}( |$)`));
    expect([`  ${name.padEnd(8)} ${summary}`, ...lines].filter((line) => line.length > 80)).toEqual([]);
  });

  test('--version prints the version of the package', async () => {
    const version = expect.stringMatching(/^\d+\.\d+\.\d+\n$/);
    expect(await run(['--version'])).toEqual({ status: 0, stdout: version, stderr: '' });
  });
});

describe('a wrong call', () => {
  test.each([
    ['an unknown command', ['sreve'], 'There is no command "sreve". Commands are serve, work, '],
    ['help of an unknown command', ['help', 'sreve'], 'There is no command "sreve".'],
    ['an unknown option', ['token', '--tenent', 'a'], "Unknown option '--tenent'. Usage: tessera token --tenant ID"],
  ])('with %s is one line on standard error, exit code 64', async (_, args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(message);
  });

  test.each([
    ['a word too many', 'schema extra', '"extra" is not expected here. Usage: tessera schema'],
    ['an option without its value', 'token --tenant', "--tenant <value>' argument missing. Usage: tessera token"],
    ['a value that looks like an option', 'search x --first -1', "--first' argument is ambiguous. Usage: tessera"],
    ['a value for a flag', 'search x --json=1', "--json' does not take an argument. Usage: tessera search"],
    ['no tenant', 'token', '--tenant is missing. Usage: '],
    ['a tenant that is none', 'search x --tenant a/b', '--tenant received "a/b"; 1 to 64 letters, digits'],
    ['no text', 'search --tenant a', 'The text to search for is missing.'],
    ['an unknown mode', 'search x --mode fuzzy', '--mode received "fuzzy"; hybrid, semantic, keyword are allowed.'],
    ['too many hits', 'search x --first 101', '--first received "101"; a whole number from 1 to 100 is allowed.'],
    ['a negative number', 'search x --first=-1', '--first received "-1"; a whole number from 1 to 100'],
    ['an address that is none', 'search x --tenant a --url localhost:1', '--url received "localhost:1"; an http or'],
    ['no file', 'ingest --tenant a', 'The file is missing. Usage: tessera ingest FILE|FOLDER'],
    ['two files', 'ingest a b --tenant a', '"b" is not expected here; one file is allowed.'],
    ['too large a batch', 'ingest a --tenant a --batch 201', '--batch received "201"; a whole number from 1 to 200'],
    [
      'a scope that is none',
      'token --tenant a --scope admin',
      '"admin"; search, documents:read, documents:write, tenant:admin, operator are',
    ],
    ['a time that is none', 'token --tenant a --ttl 1y', '--ttl received "1y"; seconds or a number with s, m, h or d'],
    ['a time too long', 'token --tenant a --ttl 367d', 'are allowed, 366d at most.'],
    ['no verb for a key', 'key --tenant a', 'create, list or revoke is missing. Usage: tessera key'],
    ['a verb that is none', 'key drop --tenant a', '"drop" is none of create, list and revoke.'],
    ['no name for a key', 'key create --tenant a', '--name is missing.'],
    [
      'a key for the operator',
      'key create --tenant a --name x --scope operator',
      '--scope received "operator"; search',
    ],
    ['no key to revoke', 'key revoke --tenant a', 'The prefix of the key is missing'],
    [
      'a whole key to revoke',
      `key revoke tsr_${'0'.repeat(77)} --tenant a`,
      'The prefix has 81 characters; the 12 digits',
    ],
    ['two modes of migrate', 'migrate --status --dry-run', '--status and --dry-run are given; one of them is allowed.'],
  ])('with %s is refused before any settings are read', async (_, line, message) => {
    const [name, ...args] = line.split(' ');
    const command = await commands.find((one) => one.name === name)?.load();
    const error = await command?.run(createTestContext(), args).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ exitCode: 64, message: expect.stringContaining(message) });
    expect((error as UsageError).message).not.toContain('\n');
  });
});

describe('wrong settings', () => {
  test('are all printed at once, without a secret, exit code 78', async () => {
    const { status, stdout, stderr } = await run(['serve'], {
      DATABASE_URL: 'mysql://root:hunter2@localhost/db',
      PORT: '70000',
      LOG_LEVEL: 'loud',
      EMBEDDER: 'openai',
    });
    expect([status, stdout]).toEqual([78, '']);
    for (const name of ['DATABASE_URL', 'PORT', 'LOG_LEVEL', 'EMBEDDING_MODEL', 'JWT_HS256_SECRET', 'JWT_ISSUER'])
      expect(stderr).toMatch(new RegExp(`^ {2}${name}: .+ \\(see \\.env\\.example\\)$`, 'm'));
    expect(stderr).not.toContain('hunter2');
  });

  test('include an address that others can reach, for the embedded database', async () => {
    const { status, stderr } = await run(['serve'], { HOST: '0.0.0.0', DATA_DIR: impossibleFolder });
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /HOST: received "0\.0\.0\.0", but without DATABASE_URL .* allowed: localhost, 127\.0\.0\.0\/8/,
    );
  });

  test('include a folder that cannot be made', async () => {
    const { status, stderr } = await run(['token', '--tenant', 'a'], { DATA_DIR: impossibleFolder });
    expect(status).toBe(78);
    expect(stderr).toContain(`tessera: The signing key ${impossibleFolder}/signing-key can be neither read nor made: `);
    expect(stderr).toMatch(oneLine);
  });

  test.each(['work', 'demo'])('%s says that serve does it where there is no DATABASE_URL', async (name) => {
    const { status, stderr } = await run([name]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^tessera: There is no DATABASE_URL, and with the embedded database "tessera serve" [^\n]+\n$/,
    );
  });
});
