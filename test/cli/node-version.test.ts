import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../bin/tessera.js', import.meta.url));

/** Starts the program in a Node that claims to be `version`. */
function start(version: string) {
  const claim = `data:text/javascript,Object.defineProperty(process, "version", { value: "${version}" })`;
  return spawnSync(process.execPath, ['--import', claim, program, '--help'], { encoding: 'utf8' });
}

test.each(['v12.22.12', 'v18.20.8', 'v20.20.2', 'v23.11.1'])(
  'Node %s is refused in one line with exit code 78',
  (version) => {
    const { status, stdout, stderr } = start(version);
    expect(stderr).toBe(
      `tessera needs Node 24 or newer; this is ${version}. Run it through npm ("npm start"), which uses the Node that "npm ci" installed, or install Node 24.\n`,
    );
    expect([status, stdout]).toEqual([78, '']);
  },
);

test.each(['v24.0.0', 'v26.1.0', process.version])('Node %s is not refused', (version) => {
  const { status, stderr } = start(version);
  expect(stderr).not.toContain('needs Node');
  expect(status).not.toBe(78);
});

test('the first file uses no syntax that an old Node cannot read', () => {
  const code = readFileSync(program, 'utf8').replace(/^\s*\/\/.*$/gm, '');
  expect(code).not.toMatch(/\?\?|\?\.|\bawait\b|\|\|=|&&=|#\w+\s*[=(]|\bstatic\b|^import\b(?!\()|node:/m);
});
