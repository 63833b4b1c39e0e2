import { expect, test } from 'vitest';
import { formatStatus } from '../../src/cli/migration-status.ts';

const migration = (version: number, name: string) => ({
  version,
  name,
  sql: '',
  sha256: `${version}`,
  transactional: true,
});
const at = new Date('2026-01-31T12:00:00.123Z');

test('the status names what is applied, pending, changed since, and newer than this program', () => {
  const migrations = [migration(1, '0001_one.sql'), migration(2, '0002_two.sql'), migration(3, '0003_three.sql')];
  const applied = [
    { ...migration(1, '0001_one.sql'), applied_at: at },
    { ...migration(2, '0002_two.sql'), sha256: 'other', applied_at: at },
    { ...migration(4, '0004_four.sql'), applied_at: at },
  ];
  expect(formatStatus(migrations, applied).split('\n')).toEqual([
    '   1  0001_one.sql    applied 2026-01-31T12:00:00Z',
    '   2  0002_two.sql    applied 2026-01-31T12:00:00Z, and the file was changed afterwards',
    '   3  0003_three.sql  pending',
    '   4  0004_four.sql   applied 2026-01-31T12:00:00Z, by a newer Tessera',
  ]);
});
