/**
 * Components of a coarse vector, the one that stage one searches (DESIGN rules 13 and 15): an HNSW index over
 * `halfvec(256)` takes a tenth of the room of one over 1,536 components, and the rerank brings the recall back.
 */
export const COARSE_DIMENSIONS = 256;

/** Numbers that cannot be used as a vector. The message says what was wrong, what was received and what is allowed. */
export class InvalidVectorError extends Error {
  override readonly name = 'InvalidVectorError';
}

/**
 * Makes the full vector that is stored and searched with: same direction, Euclidean length 1. The arithmetic is in
 * float64 and safe from overflow and underflow; only the result is rounded to float32.
 * @throws {InvalidVectorError} when there are no components, one is not a finite number, or all are zero.
 */
export function normaliseVector(components: ArrayLike<number>): Float32Array {
  if (components.length === 0) {
    throw new InvalidVectorError('The vector is empty: it needs at least one component.');
  }
  const largest = largestMagnitude(components);
  if (largest === 0) {
    throw new InvalidVectorError(
      `The vector has no direction: all of its ${components.length} components are zero, and at least one must not be.`,
    );
  }
  let sumOfSquares = 0;
  for (let i = 0; i < components.length; i++) {
    const scaled = (components[i] as number) / largest;
    sumOfSquares += scaled * scaled;
  }
  const scaledLength = Math.sqrt(sumOfSquares);
  const unit = new Float32Array(components.length);
  for (let i = 0; i < components.length; i++) unit[i] = (components[i] as number) / largest / scaledLength;
  return unit;
}

function largestMagnitude(components: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < components.length; i++) {
    const component = components[i] as number;
    if (!Number.isFinite(component)) throw notFinite(component, i);
    const magnitude = Math.abs(component);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Takes anything, because numbers read from JSON may turn out to be something else; that is not repeated. */
function notFinite(component: unknown, position: number): InvalidVectorError {
  const received = typeof component === 'number' || component === null ? component : `of type ${typeof component}`;
  return new InvalidVectorError(
    `The vector's component ${position} is ${received}: every component must be a finite number.`,
  );
}

/**
 * Refuses a vector that does not belong to a model of `expected` dimensions.
 * @throws {InvalidVectorError} when the number of components differs.
 */
export function checkDimensions(vector: ArrayLike<number>, expected: number): void {
  if (vector.length !== expected) {
    throw new InvalidVectorError(`The vector has ${vector.length} components: this model's vectors have ${expected}.`);
  }
}

/**
 * The coarse vector of a full one: its first {@link COARSE_DIMENSIONS} components, renormalised to unit length.
 * @throws {InvalidVectorError} when the full vector is shorter than that, or those components are all zero or not finite.
 */
export function coarseVector(full: Float32Array): Float32Array {
  checkCoarse(full);
  return normaliseVector(full.subarray(0, COARSE_DIMENSIONS));
}

/** @throws {InvalidVectorError} for a full vector that has no coarse one, see {@link coarseVector}. */
export function checkCoarse(full: Float32Array): void {
  if (full.length < COARSE_DIMENSIONS) {
    throw new InvalidVectorError(
      `The vector has ${full.length} components: a full vector has at least ${COARSE_DIMENSIONS}, the coarse vector's length.`,
    );
  }
  if (largestMagnitude(full.subarray(0, COARSE_DIMENSIONS)) === 0) {
    throw new InvalidVectorError(
      `The vector has no coarse form: its first ${COARSE_DIMENSIONS} components are all zero, and at least one must not be.`,
    );
  }
}

/**
 * Inner product, accumulated in float64. Of two unit vectors it is their cosine, from -1 to 1, higher is closer.
 * @throws {InvalidVectorError} when the vectors have different lengths.
 */
export function innerProduct(a: Float32Array, b: Float32Array): number {
  checkDimensions(b, a.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
