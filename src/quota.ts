import { ExpectedError, Refusal } from './errors.ts';

/** What can be limited by the window: a minute or a day. */
export const windowKinds = ['requestsPerMinute', 'costPointsPerMinute', 'embeddingTokensPerDay'] as const;
export type WindowKind = (typeof windowKinds)[number];

/** Everything that can be limited: that, and how much a tenant stores. */
export const quotaKinds = [...windowKinds, 'documents', 'chunks'] as const;
export type QuotaKind = (typeof quotaKinds)[number];

/** Limits of a tenant or of an API key, whole numbers from 0; what is absent is not limited. */
export type Limits = { readonly [Kind in QuotaKind]?: number };

/** Largest limit: GraphQL and PostgreSQL count in 32 bits. */
export const largestLimit = 2_147_483_647;

/** Whose limit it is. */
type QuotaHolder = 'tenant' | 'apiKey';

/** What is left of a limit. */
export interface QuotaState {
  readonly kind: WindowKind;
  readonly holder: QuotaHolder;
  readonly limit: number;
  /** As far as this process knows: others may have taken more in the meantime. */
  readonly remaining: number;
  /** When the window ends and the next begins. */
  readonly resetsAt: Date;
}

const units: Record<QuotaKind, string> = {
  requestsPerMinute: 'requests a minute',
  costPointsPerMinute: 'cost points a minute',
  embeddingTokensPerDay: 'embedding tokens a day',
  documents: 'documents',
  chunks: 'chunks',
};
const holders: Record<QuotaHolder, string> = { tenant: 'tenant', apiKey: 'API key' };

/** A request that would pass a limit of its window: `RATE_LIMITED`, to be tried again in the next. */
export class RateLimited extends Refusal {
  readonly quota: QuotaState;
  /** Whole seconds until the window ends, at least 1. */
  readonly retryAfterSeconds: number;

  /** @param asked how much of the limit the request wanted. */
  constructor(quota: QuotaState, asked: number, retryAfterSeconds: number) {
    const { holder, limit, kind, remaining } = quota;
    const advice =
      asked > limit
        ? 'It never fits: ask for less at once.'
        : `Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`;
    super(
      'RATE_LIMITED',
      `The ${holders[holder]} may use ${limit} ${units[kind]}, has ${remaining} left, and the request needs ${asked}. ${advice}`,
    );
    this.quota = quota;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A write that would leave a tenant with more than it may have. Nothing of it was stored. */
export class QuotaExceededError extends ExpectedError {
  override readonly name = 'QuotaExceededError';
  readonly code = 'QUOTA_EXCEEDED';
  readonly kind: QuotaKind;
  readonly holder: QuotaHolder;
  readonly limit: number;
  /** What was left of it without the write; 0 where it was passed already. */
  readonly remaining: number;
  /** When there is more of it again; null where only deleting helps. */
  readonly resetsAt: Date | null;

  /**
   * @param wanted what there would be of it with the write, or what the write needs of a window.
   * @param used what there is of it without the write.
   */
  constructor(
    { kind, holder = 'tenant', limit }: { kind: QuotaKind; holder?: QuotaHolder; limit: number },
    { wanted, used }: { wanted: number; used: number },
    resetsAt: Date | null,
  ) {
    super(
      resetsAt
        ? `The write needs ${wanted} ${units.embeddingTokensPerDay}, more than is left of ${limit}; there are ${limit} again at ${resetsAt.toISOString()}.`
        : `The tenant would have ${wanted} ${units[kind]}; ${limit} are allowed. Delete some first.`,
    );
    this.kind = kind;
    this.holder = holder;
    this.limit = limit;
    this.remaining = Math.max(0, limit - used);
    this.resetsAt = resetsAt;
  }
}
