/** Levels of objects and lists in one another. PostgreSQL and this program read them recursively. */
const deepest = 32;

/**
 * What is wrong with metadata that came as JSON, for a sentence that begins with "the metadata"; nothing if it can be stored
 * and comes back as it was.
 */
export function findMetadataFault(metadata: Record<string, unknown>, maxBytes: number): string | undefined {
  let level: unknown[] = [metadata];
  for (let depth = 0; level.length > 0; depth++) {
    const fault = level.map(findValueFault).find((found) => found !== undefined);
    if (fault) return fault;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
    if (depth === deepest && level.length > 0) return `is nested deeper than ${deepest} levels.`;
  }
  const sizeBytes = Buffer.byteLength(JSON.stringify(metadata));
  if (sizeBytes > maxBytes) return `takes ${sizeBytes} bytes as JSON; at most ${maxBytes} are allowed.`;
  return undefined;
}

function findValueFault(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number beyond the range of float64.';
  const texts = typeof value === 'string' ? [value] : Object.keys(value ?? {});
  if (texts.some((text) => text.includes('\0'))) return 'holds a NUL character, which PostgreSQL text cannot.';
  if (!texts.every((text) => text.isWellFormed())) return 'holds half of a surrogate pair, which is not valid Unicode.';
  return undefined;
}
