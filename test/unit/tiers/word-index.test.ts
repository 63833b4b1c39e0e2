import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTenantId, type TenantId } from '../../../src/ids.ts';
import { languages } from '../../../src/language.ts';
import { createWordIndexStatement, wordIndexName, wordKind } from '../../../src/tiers/word-index.ts';

const tenantIds = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((text) => text as TenantId);

describe('the name of a word index', () => {
  test('is the same each time, for upgrades find their indexes by it', () => {
    expect(wordIndexName({ tenantId: parseTenantId('acme'), language: 'german' })).toMatchInlineSnapshot(
      `"chunks_words_4ba876f283b0"`,
    );
  });

  test('fits, whatever the tenant, and is another one for another tenant or language', () => {
    const language = fc.constantFrom(...languages);
    fc.assert(
      fc.property(tenantIds, tenantIds, language, language, (a, b, one, other) => {
        const first = wordIndexName({ tenantId: a, language: one });
        const second = wordIndexName({ tenantId: b, language: other });
        expect(first).toMatch(new RegExp(wordKind.namePattern));
        expect(first === second).toBe(a === b && one === other);
      }),
    );
  });
});

describe('the statement that builds a word index', () => {
  test('names the tenant and the language as literals and has no parameters, which an index cannot', () => {
    fc.assert(
      fc.property(tenantIds, (tenantId) => {
        const { sql, parameters } = createWordIndexStatement({ tenantId, language: 'german' }).compile();
        expect(parameters).toEqual([]);
        expect(sql).toContain(`where tenant_id = '${tenantId}' and language = 'german'`);
      }),
    );
  });

  test.each([`a'b`, '', "x'; drop table tessera.tenants; --"])('refuses a tenant id that is none: %j', (id) => {
    expect(() => createWordIndexStatement({ tenantId: id as TenantId, language: 'german' })).toThrow(TypeError);
  });

  test.each(['klingon', '', "german' or true --"])('refuses a language that is none: %j', (language) => {
    expect(() => createWordIndexStatement({ tenantId: parseTenantId('acme'), language })).toThrow(TypeError);
  });
});

test('the memory of a build grows with the chunks, within what is allowed', () => {
  expect(wordKind.buildMemoryMb(500, 1_024)).toBe(64);
  expect(wordKind.buildMemoryMb(200_000, 1_024)).toBe(382);
  expect(wordKind.buildMemoryMb(5_000_000, 1_024)).toBe(1_024);
});
