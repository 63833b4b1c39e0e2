import { defineConfig } from 'vitest/config';

const limits = { testTimeout: 30_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.artifacts/test-results.json' }]],
    projects: [
      { test: { ...limits, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          ...limits,
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**'],
          globalSetup: 'test/global-setup.ts',
        },
      },
    ],
  },
});
