import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { halfvecParameter, vectorParameter } from '../../src/db/vector-parameter.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const finite = fc.float({ noDefaultInfinity: true, noNaN: true });
const largestHalf = 65_504;
const smallestHalf = 2 ** -24;
const withinHalf = fc.oneof(
  fc.float({ min: -largestHalf, max: largestHalf, noNaN: true }),
  fc.float({ min: -1, max: 1, noNaN: true }),
  // Around the smallest numbers that float16 can hold, where it has ever fewer digits.
  fc.float({ min: Math.fround(-(2 ** -13)), max: Math.fround(2 ** -13), noNaN: true }),
);
const components = (component: fc.Arbitrary<number>) =>
  fc.array(component, { minLength: 1, maxLength: 64 }).map((values) => new Float32Array(values));

/** Text that says a float32 exactly, as pgvector parses it. */
const textOf = (vector: Float32Array) =>
  `[${Array.from(vector, (component) => (Object.is(component, -0) ? '-0' : component)).join(',')}]`;

async function serverReads(type: 'vector' | 'halfvec', parameter: Buffer, vector: Float32Array) {
  const { rows } = await db.owner.query<{ binary: string; text: string; same: boolean }>(
    `select $1::${type}::text as binary, $2::text::${type}::text as text, $1::${type} = $2::text::${type} as same`,
    [parameter, textOf(vector)],
  );
  return rows[0];
}

describe('a vector parameter', () => {
  test('arrives as the same vector that pgvector parses from text', async () => {
    await fc.assert(
      fc.asyncProperty(components(finite), async (vector) => {
        const read = await serverReads('vector', vectorParameter(vector), vector);
        expect(read?.binary).toBe(read?.text);
        expect(read?.same).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['the largest and the smallest numbers', [3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45, 0]],
    ['a negative zero', [-0, 1]],
    ['a single component', [0.1]],
  ])('arrives exactly: %s', async (_, values) => {
    const vector = new Float32Array(values);
    const read = await serverReads('vector', vectorParameter(vector), vector);
    expect(read?.binary).toBe(read?.text);
  });

  test('of 16,000 components, the most that pgvector takes, arrives whole, and one more is refused', async () => {
    const most = new Float32Array(16_000).fill(0.5);
    const { rows } = await db.owner.query('select vector_dims($1::vector) as dims', [vectorParameter(most)]);
    expect(rows).toEqual([{ dims: 16_000 }]);
    await expect(
      db.owner.query('select $1::vector', [vectorParameter(new Float32Array(16_001))]),
    ).rejects.toMatchObject({
      code: '54000',
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('with %s in it is refused by the server', async (value) => {
    await expect(db.owner.query('select $1::vector', [vectorParameter(new Float32Array([1, value]))])).rejects.toThrow(
      /not allowed in vector/,
    );
  });
});

describe('a halfvec parameter', () => {
  test('is rounded as the server rounds, down to the numbers that have hardly a digit left', async () => {
    await fc.assert(
      fc.asyncProperty(components(withinHalf), async (vector) => {
        const read = await serverReads('halfvec', halfvecParameter(vector), vector);
        expect(read?.binary).toBe(read?.text);
        expect(read?.same).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['the largest', [largestHalf, -largestHalf]],
    ['what is just below the next after the largest', [65_519.99, 65_519]],
    ['the smallest', [smallestHalf, -smallestHalf]],
    ['half of the smallest, a tie that becomes zero', [smallestHalf / 2, 0]],
    ['a little more than half of the smallest', [Math.fround(smallestHalf / 2) * 1.001]],
    ['one and a half of the smallest, a tie that goes up to even', [smallestHalf * 1.5]],
    ['two and a half of the smallest, a tie that goes down to even', [smallestHalf * 2.5]],
    ['the largest without a full exponent, and the smallest with one', [2 ** -14 - 2 ** -24, 2 ** -14]],
    ['what rounds up into the smallest with a full exponent', [2 ** -14 - 2 ** -26]],
    ['ties between neighbours of one', [1 + 2 ** -11, 1 + 3 * 2 ** -11]],
    ['what rounds up to a power of two', [2 - 2 ** -13]],
    ['numbers that float16 cannot tell from zero', [1e-30, -1e-30, 1.401298464324817e-45]],
  ])('is rounded as the server rounds: %s', async (_, values) => {
    const vector = new Float32Array(values);
    const read = await serverReads('halfvec', halfvecParameter(vector), vector);
    expect(read?.binary).toBe(read?.text);
  });

  test('beyond the largest is refused by the server in either form', async () => {
    const beyond = new Float32Array([65_520]);
    await expect(db.owner.query('select $1::halfvec', [halfvecParameter(beyond)])).rejects.toThrow(/halfvec/);
    await expect(db.owner.query('select $1::text::halfvec', [textOf(beyond)])).rejects.toThrow(/halfvec/);
  });

  test('that is no number is refused by the server and does not become one', async () => {
    await expect(
      db.owner.query('select $1::halfvec', [halfvecParameter(new Float32Array([Number.NaN]))]),
    ).rejects.toThrow(/not allowed in halfvec/);
  });

  test('is stored in a column of 256 components and compared there', async () => {
    const vector = new Float32Array(256);
    vector[0] = 0.6;
    vector[255] = 0.8;
    const { rows } = await db.owner.query('select -($1::halfvec(256) <#> $1::halfvec(256)) as product', [
      halfvecParameter(vector),
    ]);
    expect(rows[0]?.product).toBeCloseTo(1, 3);
  });
});
