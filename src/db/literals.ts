import pg from 'pg';
import { vectorText } from './vector-parameter.ts';

/**
 * A parameter as a literal, for what PostgreSQL takes no parameters of, such as `execute`. Vectors are ones in pgvector's wire
 * format.
 * @throws {TypeError} for a value of another kind than searches have.
 */
export function literalOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return pg.escapeLiteral(value);
  if (Buffer.isBuffer(value)) return `'${vectorText(value)}'`;
  if (Array.isArray(value)) return `array[${value.map(literalOf).join(', ')}]::text[]`;
  throw new TypeError(`A parameter is a ${typeof value}, which is not written as a literal.`);
}
