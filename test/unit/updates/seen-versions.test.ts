import { describe, expect, test } from 'vitest';
import { createSeenVersions } from '../../../src/updates/seen-versions.ts';

const hit = (id: string, version = 1) => ({ document: { id, version } });

describe('versions that were seen', () => {
  test('are no news again, whatever else is', () => {
    const seen = createSeenVersions();
    expect(seen.takeNew([hit('a'), hit('b')])).toEqual([0, 1]);
    expect(seen.takeNew([hit('c'), hit('b'), hit('a', 2)])).toEqual([0, 2]);
    expect(seen.takeNew([hit('c'), hit('b'), hit('a', 2)])).toEqual([]);
  });

  test('are told of every hit of a new document', () => {
    expect(createSeenVersions().takeNew([hit('a'), hit('a')])).toEqual([0, 1]);
  });

  test('are forgotten after a thousand others, those seen longest ago first', () => {
    const seen = createSeenVersions();
    seen.takeNew([hit('old'), hit('kept')]);
    for (let page = 0; page < 10; page++) {
      seen.takeNew([hit('kept'), ...Array.from({ length: 100 }, (_, index) => hit(`${page} ${index}`))]);
    }
    expect(seen.takeNew([hit('kept'), hit('old')])).toEqual([1]);
  });
});
