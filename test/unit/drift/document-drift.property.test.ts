import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkContexts, chunkKinds } from '../../../src/chunking.ts';
import { findDocumentDrift, type StoredChunk } from '../../../src/drift/document-drift.ts';
import { estimateTokens } from '../../../src/embed/estimate-tokens.ts';
import { chunkDocument } from '../../../src/ingest/chunk-document.ts';
import { contentHash } from '../../../src/ingest/content-hash.ts';
import { isKnownHash } from '../../../src/ingest/known-hash.ts';
import { documentHash } from '../../../src/ingest/resolve-documents.ts';
import { anyText } from '../../support/any-text.ts';

const server = { countTokens: estimateTokens, maxTokens: 40, overlapTokens: 8 };
const anyDocument = fc.record({
  title: fc.constantFrom('', 'Rooms', 'Rooms > Bath', 'Ünits'),
  body: anyText,
  url: fc.constantFrom(null, 'https://a.example/b.ts', 'https://a.example/b'),
  externalId: fc.constantFrom(null, 'c.py', 'c'),
  language: fc.constantFrom('english', 'german'),
});
const anyChunking = fc.record({
  kind: fc.constantFrom(...chunkKinds),
  maxTokens: fc.option(fc.integer({ min: 32, max: 60 })),
  overlapTokens: fc.option(fc.nat({ max: 31 })),
  context: fc.constantFrom(...chunkContexts),
});
interface Documented {
  readonly title: string;
  readonly body: string;
  readonly url: string | null;
  readonly externalId: string | null;
  readonly language: string;
}

/** What is stored of a document that was divided. Its text as PostgreSQL gives it back: half a character is a mark of that. */
function store(given: Documented, chunking: Parameters<typeof chunkDocument>[1]) {
  const document = { ...given, body: given.body.toWellFormed() };
  const chunks = chunkDocument(given, chunking, server).map(
    ({ ordinal, start, end, context, contentHash }): StoredChunk => [
      ...([ordinal, start, end, given.language, context] as const),
      contentHash.toString('hex'),
    ],
  );
  return { document, chunks };
}

function holdsFor(check: (stored: ReturnType<typeof store>, at: number) => void) {
  fc.assert(
    fc.property(anyDocument, anyChunking, fc.nat(), (document, chunking, at) => check(store(document, chunking), at)),
    { numRuns: 400 },
  );
}

const drift = ({ document, chunks }: ReturnType<typeof store>) => findDocumentDrift(document, chunks, contentHash);

describe('a document of any text, however its collection has it divided,', () => {
  it('is in step with its chunks', () => {
    holdsFor((stored) => {
      expect(drift(stored)).toBeUndefined();
    });
  });

  it('is out of step with a word more, wherever that is', () => {
    holdsFor(({ document, chunks }, at) => {
      const place = at % (document.body.length + 1);
      const body = `${document.body.slice(0, place)}Ω${document.body.slice(place)}`;
      expect(drift({ document: { ...document, body }, chunks })).toBe(chunks.length > 0 ? 'outdated' : 'undivided');
    });
  });

  it('is out of step without one of its chunks, or in another language', () => {
    holdsFor(({ document, chunks }, at) => {
      fc.pre(chunks.length > 0);
      const left = chunks.toSpliced(at % chunks.length, 1);
      expect(drift({ document, chunks: left })).toBe(left.length > 0 ? 'outdated' : 'undivided');
      expect(drift({ document: { ...document, language: 'french' }, chunks })).toBe('outdated');
    });
  });

  it('is known by its hash, whatever its address has become since, and not by that of another text', () => {
    fc.assert(
      fc.property(anyDocument, anyChunking, anyDocument, (document: Documented, chunking, { url }) => {
        const stored = { ...document, url, contentHash: documentHash(document, { chunking }) };
        expect(isKnownHash(stored, chunking)).toBe(true);
        expect(isKnownHash({ ...stored, body: `${stored.body}.` }, chunking)).toBe(false);
        expect(isKnownHash({ ...stored, title: `${stored.title}.` }, chunking)).toBe(false);
      }),
    );
  });
});

describe('a document with another title than its chunks', () => {
  const document = { title: 'Rooms', body: 'Towels are changed.', url: null, externalId: null, language: 'english' };
  const usual = { kind: 'markdown', maxTokens: null, overlapTokens: null, context: 'title' } as const;
  const renamed = { ...document, title: 'Bath' };

  it('is out of step where the title is embedded with them, and in step where it is not', () => {
    expect(drift({ ...store(document, usual), document: renamed })).toBe('outdated');
    expect(drift({ ...store(document, { ...usual, context: 'none' }), document: renamed })).toBeUndefined();
  });
});
