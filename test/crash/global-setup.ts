import type { TestProject } from 'vitest/node';
import { checkLogArchive, makeLogArchive } from '../support/log-archive.ts';

/**
 * Looks through what was logged while everything was killed, as the system tests do. The test starts a database of its own.
 * @returns what ends it.
 */
export function setup(project: TestProject): () => void {
  const logs = makeLogArchive();
  project.provide('logArchive', logs);
  return () => {
    process.stdout.write(`${checkLogArchive(logs)}\n`);
  };
}
