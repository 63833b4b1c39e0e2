import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const limits = { testTimeout: 30_000, hookTimeout: 120_000 };
// What Node itself resolves. Vite would take the package's .mjs copy, and graphql refuses to work with types of another
// copy than its own.
const alias = [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }];

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.artifacts/test-results.json' }]],
    projects: [
      { resolve: { alias }, test: { ...limits, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        resolve: { alias },
        test: {
          ...limits,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**', 'test/crash/**'],
          globalSetup: 'test/global-setup.ts',
        },
      },
      // By itself, when the others are done: everything in it dies and comes back as fast as the machine can.
      {
        resolve: { alias },
        test: {
          ...limits,
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          globalSetup: 'test/crash/global-setup.ts',
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
