import type { Values, VariableName } from './variables.ts';

/** One thing that is wrong with the environment. */
export interface Fault {
  readonly variable: VariableName;
  /** What is wrong, what was received (never a secret) and what is allowed. */
  readonly sentence: string;
}

/** The environment as far as it could be read: what was set, and the values of the variables without a fault of their own. */
export interface Draft {
  readonly given: ReadonlySet<VariableName>;
  readonly values: Partial<Values>;
}

/** A rule about several variables. It stays silent about variables that are already at fault. */
export type Rule = (draft: Draft) => Fault[];
