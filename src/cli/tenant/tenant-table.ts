import { counted } from '../../counted.ts';
import { formatCount } from '../format.ts';

export interface ListedTenant {
  readonly id: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'SUSPENDED' | 'DELETING';
  readonly tier: 'EXACT' | 'HNSW' | null;
  readonly sizes: {
    readonly documents: number;
    readonly chunks: number;
    readonly embeddings: number;
    readonly estimatedBytes: number | null;
  };
}

/** Tenants for a terminal, one a line. */
export function formatTenants(tenants: readonly ListedTenant[]): string[] {
  if (tenants.length === 0) return ['There are no tenants.'];
  const title = row('tenant', 'status', 'tier', 'documents', 'chunks', 'embedded', 'MB', 'name');
  const lines = tenants.map(({ id, name, status, tier, sizes }) => {
    const { documents, chunks, embeddings, estimatedBytes } = sizes;
    const megabytes = estimatedBytes === null ? '-' : `~${(estimatedBytes / 1e6).toFixed(1)}`;
    const counts = [documents, chunks, embeddings].map(formatCount) as [string, string, string];
    return row(id, status.toLowerCase(), tier?.toLowerCase() ?? '-', ...counts, megabytes, name);
  });
  return [title, ...lines];
}

function row(id: string, status: string, tier: string, ...[documents, chunks, embedded, mb, name]: string[]): string {
  const cells = [id.padEnd(24), status.padEnd(10), tier.padEnd(6)];
  for (const count of [documents, chunks, embedded]) cells.push((count ?? '').padStart(11));
  cells.push((mb ?? '').padStart(9), `  ${name}`);
  return cells.join('').trimEnd();
}

export interface Deletion {
  readonly id: string;
  readonly tenantId: string;
  readonly status: 'WAITING' | 'ERASING' | 'FINISHED';
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly indexesToDrop: readonly string[];
  readonly detachedTables: readonly string[];
  readonly keptRevocations: number;
  readonly keptRevocationsUntil: string | null;
  readonly tables: readonly {
    readonly table: string;
    readonly erasedRows: number;
    readonly remainingRows: number | null;
  }[];
}

/** How far a deletion is, in a line; of a finished one the receipt below it. */
export function formatDeletion(deletion: Deletion): string[] {
  const { tenantId, status, indexesToDrop, finishedAt, tables, keptRevocations, keptRevocationsUntil } = deletion;
  const { detachedTables } = deletion;
  const erased = tables.reduce((sum, { erasedRows }) => sum + erasedRows, 0);
  if (status === 'WAITING')
    return [`${tenantId} is refused everything from now on, and waits for a worker to erase it.`];
  if (indexesToDrop.length > 0)
    return [
      `${tenantId}: ${counted(erased, 'row is', 'rows are')} erased; ${indexesToDrop.join(', ')} ${indexesToDrop.length === 1 ? 'is' : 'are'} left, for a worker with MIGRATE_DATABASE_URL or "tessera tiers --apply" to drop.`,
    ];
  if (status === 'ERASING') return [`${tenantId} is being erased: ${counted(erased, 'row')} so far.`];
  const width = Math.max(...tables.map(({ table }) => table.length));
  const kept =
    keptRevocations === 0
      ? 'in which nothing of it is left.'
      : `in which ${counted(keptRevocations, 'revocation')} of tokens that have not expired, and nothing else of it, is left until ${keptRevocationsUntil}, so that the tokens do not hold again.`;
  return [
    `${tenantId} was erased at ${finishedAt}: ${counted(erased, 'row')} of ${counted(tables.length, 'table')}, ${kept}`,
    ...tables.map(
      ({ table, erasedRows, remainingRows }) =>
        `  ${table.padEnd(width)}${formatCount(erasedRows).padStart(12)} erased${String(remainingRows ?? '-').padStart(4)} left`,
    ),
    ...detachedTables.map(
      (table) => `  ${table} is not followed any more; "tessera detach ${table}" drops its triggers, which do nothing.`,
    ),
  ];
}
