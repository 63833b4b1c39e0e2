import type { Finding } from './finding.ts';

export interface VersionFacts {
  /** As `server_version_num` has it, such as 170012. */
  readonly postgres: number;
  readonly pgvector: string;
}

/** The oldest PostgreSQL that the schema is tested on. */
const oldestPostgres = 17;
/** The first with iterative scans, and the first without the known faults of vacuuming graphs (DESIGN rule 17). */
const [oldestVector, soundVector] = ['0.8.0', '0.8.4'];

/** PostgreSQL and pgvector as they must be, and as they should be. */
export function checkVersions({ postgres, pgvector }: VersionFacts): Finding[] {
  const check = 'versions';
  const major = Math.floor(postgres / 10_000);
  const found = `PostgreSQL ${major}.${postgres % 10_000}, pgvector ${pgvector}`;
  const update =
    'Install pgvector 0.8.4 or newer on the server and run "alter extension vector update" as a superuser.';
  if (isOlder(pgvector, oldestVector)) {
    return [
      { check, level: 'fault', found: `${found}: before ${oldestVector} there are no iterative scans`, fix: update },
    ];
  }
  const findings: Finding[] = [];
  if (isOlder(pgvector, soundVector)) {
    findings.push({
      check,
      level: 'warning',
      found: `${found}: before ${soundVector} vacuuming a graph has known faults`,
      fix: update,
    });
  }
  if (major < oldestPostgres) {
    const fix = `Move to PostgreSQL ${oldestPostgres} or newer, which is what Tessera is tested on.`;
    findings.push({ check, level: 'warning', found: `${found}: before ${oldestPostgres} nothing was tested`, fix });
  }
  return findings.length > 0 ? findings : [{ check, level: 'ok', found }];
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
