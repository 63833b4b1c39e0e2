import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COARSE_DIMENSIONS,
  checkDimensions,
  coarseVector,
  InvalidVectorError,
  innerProduct,
  normaliseVector,
} from '../../src/vector.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const usable = fc
  .array(finite, { minLength: 1, maxLength: 600 })
  .filter((components) => components.some((c) => c !== 0));

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(innerProduct(vector, vector));
}

describe('normaliseVector', () => {
  it('gives unit length to any finite components that are not all zero', () => {
    fc.assert(
      fc.property(usable, (components) => {
        expect(lengthOf(normaliseVector(components))).toBeCloseTo(1, 5);
      }),
    );
  });

  it('keeps the direction', () => {
    fc.assert(
      fc.property(usable, (components) => {
        const unit = normaliseVector(components);
        const largest = Math.max(...components.map(Math.abs));
        const scale = Math.max(...unit.map(Math.abs));
        for (const [i, component] of components.entries()) expect(unit[i]! / scale).toBeCloseTo(component / largest, 5);
      }),
    );
  });

  it('gives the same vector for components of any size', () => {
    for (const factor of [1e-320, 1e-300, 1, 1e300]) {
      const [first, second] = normaliseVector([3 * factor, -4 * factor]);
      expect(first).toBeCloseTo(0.6, 2);
      expect(second).toBeCloseTo(-0.8, 2);
    }
  });

  it('leaves its input as it was', () => {
    const components = new Float32Array([3, 4]);
    normaliseVector(components);
    expect(Array.from(components)).toEqual([3, 4]);
  });

  it('refuses a component that is not finite, and says at which position', () => {
    fc.assert(
      fc.property(
        usable,
        fc.nat(),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        (components, seed, bad) => {
          const position = seed % components.length;
          expect(() => normaliseVector(components.with(position, bad))).toThrow(
            new InvalidVectorError(
              `The vector's component ${position} is ${bad}: every component must be a finite number.`,
            ),
          );
        },
      ),
    );
  });

  it.each([
    ['no components', [], 'The vector is empty: it needs at least one component.'],
    ['zeros', [0, -0], 'The vector has no direction: all of its 2 components are zero, and at least one must not be.'],
    ['null from JSON', [1, null], "The vector's component 1 is null: every component must be a finite number."],
    ['text from JSON', ['x'], "The vector's component 0 is of type string: every component must be a finite number."],
  ])('refuses %s', (_, components, message) => {
    expect(() => normaliseVector(components as number[])).toThrow(new InvalidVectorError(message));
  });
});

describe('coarseVector', () => {
  it('is the first 256 components at unit length, also of the unnormalised vector', () => {
    const components = fc.array(finite, { minLength: COARSE_DIMENSIONS, maxLength: 600 });
    fc.assert(
      fc.property(components, fc.double({ min: 0.5, max: 1, noNaN: true }), (rest, first) => {
        // One large component at the front, so that rounding cannot make the prefix vanish.
        const full = normaliseVector([first, ...rest.map((c) => Math.atan(c))]);
        const coarse = coarseVector(full);
        expect(coarse).toHaveLength(COARSE_DIMENSIONS);
        expect(lengthOf(coarse)).toBeCloseTo(1, 5);
        expect(innerProduct(coarse, normaliseVector(full.slice(0, COARSE_DIMENSIONS)))).toBeCloseTo(1, 5);
      }),
    );
  });

  it('refuses a vector shorter than 256', () => {
    expect(() => coarseVector(new Float32Array(255).fill(1))).toThrow(
      new InvalidVectorError(
        "The vector has 255 components: a full vector has at least 256, the coarse vector's length.",
      ),
    );
  });

  it('refuses a vector whose first 256 components are all zero', () => {
    const full = new Float32Array(512);
    full[300] = 1;
    expect(() => coarseVector(full)).toThrow(/^The vector has no coarse form: its first 256 components are all zero/);
  });
});

describe('checkDimensions', () => {
  it('passes a vector of the expected length and refuses any other', () => {
    expect(() => checkDimensions([1, 2], 2)).not.toThrow();
    expect(() => checkDimensions([1, 2, 3], 2)).toThrow(
      new InvalidVectorError("The vector has 3 components: this model's vectors have 2."),
    );
  });
});

describe('innerProduct', () => {
  it('is the cosine of two unit vectors', () => {
    expect(innerProduct(normaliseVector([1, 0]), normaliseVector([1, 1]))).toBeCloseTo(Math.SQRT1_2, 6);
    expect(innerProduct(normaliseVector([1, 0]), normaliseVector([-2, 0]))).toBe(-1);
  });

  it('refuses vectors of different lengths', () => {
    expect(() => innerProduct(new Float32Array(2), new Float32Array(3))).toThrow(InvalidVectorError);
  });
});
