import { readFile } from 'node:fs/promises';
import { parse } from 'graphql';
import { StartupError } from '../errors.ts';

/** Documents that were known when the clients were built. */
export interface TrustedDocuments {
  /** The text of a document by its id. */
  readonly byId: ReadonlyMap<string, string>;
  /** Whether these are the only ones that run. */
  readonly only: boolean;
}

/**
 * Reads a manifest: `{"<id>": "<document>"}` as GraphQL Code Generator and Relay write it, or Apollo's
 * `{"format": "apollo-persisted-query-manifest", "operations": [{"id", "body"}]}`.
 * @throws {StartupError} when it cannot be read, is no manifest, or holds a text that is not GraphQL.
 */
export async function readTrustedDocuments(path: string, only: boolean): Promise<TrustedDocuments> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw unusable(path, reason, cause);
  }
  const byId = readManifest(manifest);
  if (!byId) throw unusable(path, 'expected {"<id>": "<GraphQL document>", ...} or the manifest of Apollo');
  for (const [id, text] of byId) {
    try {
      parse(text);
    } catch (cause) {
      throw unusable(path, `the document ${JSON.stringify(id)} is not GraphQL: ${(cause as Error).message}`, cause);
    }
  }
  return { byId, only };
}

function readManifest(manifest: unknown): Map<string, string> | undefined {
  if (typeof manifest !== 'object' || manifest === null) return undefined;
  const entries: [unknown, unknown][] =
    'operations' in manifest && Array.isArray(manifest.operations)
      ? manifest.operations.map((operation) => [operation?.id, operation?.body])
      : Object.entries(manifest);
  const isPair = (entry: [unknown, unknown]): entry is [string, string] =>
    typeof entry[0] === 'string' && typeof entry[1] === 'string';
  return !Array.isArray(manifest) && entries.every(isPair) ? new Map(entries) : undefined;
}

function unusable(path: string, reason: string, cause?: unknown): StartupError {
  return new StartupError(`The manifest of TRUSTED_DOCUMENTS_FILE, ${path}, cannot be used: ${reason}.`, {
    cause,
    exitCode: 78,
  });
}
