import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { StartupError } from '../errors.ts';

/** A numbered, forward-only step of the schema. */
export interface Migration {
  /** Number at the head of the file's name; versions are 1, 2, 3 and so on without a gap. */
  readonly version: number;
  /** File name, such as `0003_documents.sql`. */
  readonly name: string;
  readonly sql: string;
  /** Of the file's bytes, in hex: an applied file that was changed afterwards is refused. */
  readonly sha256: string;
  /** False for a file marked `-- no-transaction`, which is how indexes are built concurrently. */
  readonly transactional: boolean;
}

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const fileName = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Reads the migrations of this version of Tessera, in order.
 * @throws {StartupError} when a file name is not `NNNN_name.sql` or a number is missing.
 */
export async function readMigrations(path: string = folder): Promise<Migration[]> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(fileName.exec(name)?.[1]);
      if (version !== index + 1) {
        throw new StartupError(
          `Migration ${name} is out of order: expected number ${index + 1} in the form 0001_name.sql.`,
        );
      }
      const sql = await readFile(`${path}/${name}`, 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      return { version, name, sql, sha256, transactional: !/^-- no-transaction\s*$/m.test(sql) };
    }),
  );
}
