import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTelling, scanLogs } from './scan-logs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder in which all processes of a run keep what they logged and what must not be in it. */
    logArchive: string;
  }
}

/** What is planted in every archive, so that a scan that finds nothing at all is known to be broken. */
const planted = 'a passage that was planted to be found again';

const demo = new URL('../../demo/', import.meta.url);

/** Where one process keeps what it, and what it started, logged. */
export interface LogArchive {
  /** Lines of a log, as they were written. */
  addLog(text: string): void;
  /** Texts of users: every longer string in a value, however deep. */
  addTexts(value: unknown): void;
}

export function openLogArchive(folder: string): LogArchive {
  const known = new Set<string>();
  const addTexts = (value: unknown): void => {
    if (typeof value === 'string') {
      if (known.has(value) || !isTelling(value)) return;
      known.add(value);
      appendFileSync(join(folder, `${process.pid}.texts`), `${JSON.stringify(value.slice(0, 100_000))}\n`);
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const one of Object.values(value)) addTexts(one);
    }
  };
  return {
    addLog: (text) => appendFileSync(join(folder, `${process.pid}.log`), text.endsWith('\n') ? text : `${text}\n`),
    addTexts,
  };
}

/** Makes the folder of a run. */
export function makeLogArchive(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-logs-'));
  const archive = openLogArchive(folder);
  archive.addTexts(planted);
  // What every embedded gateway of the tests stores.
  for (const name of readdirSync(demo).filter((one) => one.endsWith('.jsonl'))) {
    const documents = readFileSync(new URL(name, demo), 'utf8').split('\n').filter(Boolean);
    archive.addTexts(documents.map((line) => JSON.parse(line) as unknown));
  }
  archive.addLog(`{"msg":"before ${planted} after"}`);
  return folder;
}

/**
 * Looks through everything that the run logged, and removes it.
 * @returns what was looked through, in a line.
 * @throws when a log holds a credential or a text of a user, or when what was planted is not found.
 */
export function checkLogArchive(folder: string): string {
  const read = (ending: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean));
  const lines = read('.log');
  const texts = read('.texts').map((text) => JSON.parse(text) as string);
  rmSync(folder, { recursive: true });
  const leaks = scanLogs(lines, texts);
  const others = leaks.filter((leak) => !leak.includes(planted));
  if (leaks.length === others.length) throw new Error('The scan of the logs does not find what was planted in them.');
  if (others.length > 0) {
    const shown = others.slice(0, 20).join('\n  ');
    throw new Error(`${others.length} lines of the logs hold what they must not:\n  ${shown}`);
  }
  return `${lines.length} lines of logs hold no credential and nothing of ${texts.length} texts of users.`;
}
