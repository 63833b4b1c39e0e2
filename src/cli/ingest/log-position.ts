import type { Database } from '../../db/database.ts';

/**
 * Bytes that a server has written to its log so far, for whomever.
 * @returns undefined where it does not say, as some hosted servers do not: no load is to fail for a figure.
 */
export async function readLogPosition({ pool }: Pick<Database, 'pool'>): Promise<bigint | undefined> {
  try {
    const { rows } = await pool.query("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as position");
    return BigInt(rows[0].position);
  } catch {
    return undefined;
  }
}
