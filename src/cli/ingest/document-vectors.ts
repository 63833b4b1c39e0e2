import { checkCoarse, checkDimensions, InvalidVectorError, normaliseVector } from '../../vector.ts';

/**
 * Reads the vectors that a document comes with: `vector`, of the whole document, or `vectors`, of its chunks.
 * @returns unit vectors; undefined where there are none.
 */
export function readVectors(
  { vector, vectors }: { readonly vector?: unknown; readonly vectors?: unknown },
  dimensions: number | undefined,
): { readonly vectors: readonly Float32Array[] } | { readonly fault: string } | undefined {
  if (vector === undefined && vectors === undefined) return undefined;
  if (dimensions === undefined) return { fault: 'it comes with vectors, which go in with --direct.' };
  if (vector !== undefined && vectors !== undefined)
    return { fault: 'it has vector and vectors; one of them is allowed.' };
  const given = vector === undefined ? vectors : [vector];
  if (!Array.isArray(given) || !given.every(Array.isArray))
    return { fault: `the field ${vector === undefined ? 'vectors is not a list of lists' : 'vector is not a list'}.` };
  return toUnit(given, dimensions);
}

/** Makes vectors what is stored. */
export function toUnit(
  given: readonly ArrayLike<number>[],
  dimensions: number,
): { readonly vectors: readonly Float32Array[] } | { readonly fault: string } {
  try {
    const vectors = given.map((components) => {
      checkDimensions(components, dimensions);
      const full = normaliseVector(components);
      checkCoarse(full);
      return full;
    });
    return { vectors };
  } catch (error) {
    if (error instanceof InvalidVectorError) return { fault: error.message };
    throw error;
  }
}
