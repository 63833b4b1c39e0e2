import { type SqlBool, sql } from 'kysely';
import type { Condition } from '../filter.ts';

export type Operand = ReturnType<typeof sql<unknown>>;
export type Comparison = ReturnType<typeof sql<SqlBool>>;

const comparisons = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** What a condition says of a value, whether there is one at all (`is`) apart. All must hold. */
export function comparisonPredicates<Value>(operand: Operand, condition: Condition<Value>): Comparison[] {
  const parts: Comparison[] = [];
  for (const [name, operator] of Object.entries(comparisons) as [keyof typeof comparisons, string][]) {
    const value = condition[name];
    if (value !== undefined) parts.push(sql<SqlBool>`${operand} ${sql.raw(operator)} ${value}`);
  }
  if (condition.in) parts.push(sql<SqlBool>`${operand} = any(${condition.in})`);
  if (condition.startsWith !== undefined) parts.push(sql<SqlBool>`starts_with(${operand}, ${condition.startsWith})`);
  return parts;
}
