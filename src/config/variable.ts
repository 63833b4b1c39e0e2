import type { z } from 'zod';
import type { ValueType } from './value-types.ts';

/** One environment variable: the single place that says what it means, what it may hold and what it is when unset. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly allowed: string;
  /** What it is for, in sentences. */
  readonly doc: string;
  /** The text it has when unset. */
  readonly default: string | undefined;
  /** Its value is never shown. */
  readonly secret: boolean;
}

/** A variable with a text that it has when unset. */
export function withDefault<T>(type: ValueType<T>, text: string, doc: string): Variable<T> {
  return { schema: type.schema.prefault(text), allowed: type.allowed, doc, default: text, secret: false };
}

/** A variable that may be unset. */
export function optional<T>(type: ValueType<T>, doc: string): Variable<T | undefined> {
  return { schema: type.schema.optional(), allowed: type.allowed, doc, default: undefined, secret: false };
}

/** One whose value is never shown. */
export function optionalSecret<T>(type: ValueType<T>, doc: string): Variable<T | undefined> {
  return { ...optional(type, doc), secret: true };
}
