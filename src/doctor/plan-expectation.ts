/** A scan that a plan must have. What else reads the same table in the same part must be expected as well. */
export interface ExpectedScan {
  /** The named part (common table expression) of the statement; absent for what is in none. */
  readonly stage?: string;
  readonly table: string;
  /** Names of indexes any of which will do. */
  readonly index: RegExp;
  /** Others that will do for a tenant of few rows, all of which are as quickly looked through as one is looked up. */
  readonly ofFew?: RegExp;
  /** Read from the index alone, which needs a visibility map that is in step. */
  readonly indexOnly?: true;
  /**
   * Whose rows the planner's estimate is held to, which tells whether it sees the tenant: `read`, all that the scan read;
   * `tenant`, all that the tenant has, where the scan ends as soon as there are enough.
   */
  readonly estimate?: 'read' | 'tenant';
  /** Whether it is to be run; either will do where it is absent. */
  readonly runs?: boolean;
  /** True where most of the tenant is wanted: a tenant that is most of the table may have it read from end to end. */
  readonly mayReadWhole?: true;
}

/** What the plan of a statement is held to. */
export interface PlanExpectation {
  readonly scans: readonly ExpectedScan[];
  /** Where permitted chunks are counted first: how many are looked at one by one, and no graph is searched then. */
  readonly permittedBudget?: number;
  /**
   * What functions of the statement read, whose own plans are not part of this one: a table, never from end to end, and by this
   * index at least once.
   */
  readonly inFunctions?: { readonly table: string; readonly index?: RegExp };
  /**
   * True where the plan is the same for every tenant and sees none. Its estimates say nothing then; what it throws away tells
   * whether another tenant is gone through.
   */
  readonly isPlannedOnce?: boolean;
}

/** What is known of the database that a plan was made in. */
export interface PlanCircumstances {
  /** Pages that each table has now: one of a few pages is read from end to end, and rightly. */
  readonly pages: ReadonlyMap<string, number>;
  /** Rows of each table, of all tenants, where the server has counted them. */
  readonly rows?: ReadonlyMap<string, number>;
  /** Vectors of the tenant. */
  readonly tenantRows?: number;
  /** Share of rows that an index-only scan may look up in the table all the same, 0 to 1. */
  readonly heapFetchShare: number;
}

/** How often a table (from end to end) and each of its indexes were read by a statement, its functions included. */
export type ScanCounts = ReadonlyMap<string, number>;

/** One way in which a plan is not as expected. */
export interface PlanDeviation {
  readonly kind: 'seq-scan' | 'index' | 'heap-fetches' | 'estimate' | 'run' | 'waste';
  readonly table: string;
  /** A sentence without its full stop. */
  readonly found: string;
}
