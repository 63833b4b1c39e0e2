import { expect, test } from 'vitest';
import { renderEnvExample } from '../../../src/config/env-example.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { variables } from '../../../src/config/variables.ts';

/** Run `npx vitest run test/unit/config/env-example.test.ts --update` after changing the table. */
test('.env.example is what the table of variables says', async () => {
  await expect(renderEnvExample()).toMatchFileSnapshot('../../../.env.example');
});

const text = renderEnvExample();
const assignments = [...text.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);

test('.env.example names every variable once', () => {
  expect(assignments.map(([name]) => name).toSorted()).toEqual(Object.keys(variables).toSorted());
});

test('.env.example with every line uncommented is the configuration of an empty environment', () => {
  expect(loadConfig(Object.fromEntries(assignments))).toEqual(loadConfig({}));
});

test('.env.example stays within 100 columns', () => {
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
});
