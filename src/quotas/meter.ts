import type { ApiKeyId, TenantId } from '../ids.ts';
import type { WindowKind } from '../quota.ts';
import type { GrantedQuota } from './quota-statements.ts';

/** A limit of a window, and whose it is. */
export interface Budget {
  readonly tenantId: TenantId;
  /** Absent: the tenant's own. */
  readonly keyId?: ApiKeyId | undefined;
  readonly kind: WindowKind;
  readonly limit: number;
}

/** Asks the database for a slice of a budget. */
export type TakeSlice = (budget: Budget, wished: number) => Promise<GrantedQuota>;

/** What became of a wish to spend. */
export interface Spent {
  readonly isGranted: boolean;
  readonly remaining: number;
  readonly resetsInMs: number;
}

/**
 * Spends budgets that all gateways share, out of slices that this process took in advance: one statement a slice, and none for
 * a request that a slice has room for or that finds its budget gone. What is left of a slice falls with its window.
 *
 * Tokens that are embedded are one of these budgets. `src/embed/token-budget.ts` counts tokens, too, and is another thing: how
 * fast a process sends them to a provider. Here a count is kept over windows and processes, and what is gone is refused; there nothing
 * is kept and nobody refused, but told to wait.
 */
export interface Meter {
  spend(budget: Budget, amount: number): Promise<Spent>;
  /** Takes back what was spent for a request that another budget had no room for. */
  giveBack(budget: Budget, amount: number): void;
}

/**
 * Slices of a window. With 20, a limit costs each gateway 21 statements a window at most, and a gateway may be refused the
 * twentieth that another one holds and does not use.
 */
const slicesPerWindow = 20;
/**
 * Purses that a process keeps. Each tenant and key has one for each of its limits, and one of a day would stay for a day. What
 * nobody has spent of for longest is forgotten: it costs a slice when it is asked for again, and what was left of the one before.
 */
const mostKept = 50_000;

interface Purse {
  balance: number;
  /** By the clock of this process; a little before the database's, never after it. */
  endsAtMs: number;
  /** Of the whole window, by everybody, when the database was last asked. */
  used: number;
  /** The database has no more for this window. */
  isDry: boolean;
  filling: Promise<void> | undefined;
}

/**
 * @param windowMs the length of each kind's window, in milliseconds.
 * @param now a clock that is never set back, in milliseconds.
 * @param most purses that are kept.
 */
export function createMeter(
  takeSlice: TakeSlice,
  windowMs: Readonly<Record<WindowKind, number>>,
  now: () => number = () => performance.now(),
  most = mostKept,
): Meter {
  // Those that were used last stand last.
  const purses = new Map<string, Purse>();

  function purseOf({ tenantId, keyId = '' as ApiKeyId, kind }: Budget): Purse {
    const name = `${tenantId} ${keyId} ${kind}`;
    const known = purses.get(name);
    if (known) {
      purses.delete(name);
      purses.set(name, known);
      return known;
    }
    makeRoom();
    const purse: Purse = { balance: 0, endsAtMs: Number.NEGATIVE_INFINITY, used: 0, isDry: false, filling: undefined };
    purses.set(name, purse);
    return purse;
  }

  /** For one more; and of the oldest two, what has ended goes before there is need of it. */
  function makeRoom(): void {
    let looked = 0;
    for (const [name, { endsAtMs, filling }] of purses) {
      if (looked++ >= 2 && purses.size < most) return;
      if (!filling && (purses.size >= most || endsAtMs <= now())) purses.delete(name);
    }
  }

  async function fill(purse: Purse, budget: Budget, amount: number): Promise<void> {
    const slice = Math.max(1, Math.ceil(budget.limit / slicesPerWindow));
    const wished = Math.min(budget.limit, Math.max(slice, amount - purse.balance));
    // The end of the window is told from when it was asked for: slices end early rather than late.
    const askedAtMs = now();
    const { granted, used, endsInMs } = await takeSlice(budget, wished);
    const endsAtMs = askedAtMs + endsInMs;
    const isNextWindow = endsAtMs - purse.endsAtMs > windowMs[budget.kind] / 2;
    purse.balance = granted + (isNextWindow ? 0 : purse.balance);
    purse.endsAtMs = isNextWindow ? endsAtMs : Math.min(purse.endsAtMs, endsAtMs);
    purse.used = used;
    purse.isDry = granted < wished;
  }

  return {
    async spend(budget, amount) {
      const purse = purseOf(budget);
      for (;;) {
        if (purse.endsAtMs <= now()) Object.assign(purse, { balance: 0, used: 0, isDry: false });
        const isGranted = amount <= purse.balance;
        if (isGranted || purse.isDry || amount > budget.limit) {
          if (isGranted) purse.balance -= amount;
          const remaining = Math.max(0, budget.limit - purse.used) + purse.balance;
          const length = windowMs[budget.kind];
          const resetsInMs = purse.endsAtMs > now() ? purse.endsAtMs - now() : length - (Date.now() % length);
          return { isGranted, remaining, resetsInMs };
        }
        purse.filling ??= fill(purse, budget, amount).finally(() => {
          purse.filling = undefined;
        });
        await purse.filling;
      }
    },
    giveBack(budget, amount) {
      const purse = purseOf(budget);
      if (purse.endsAtMs > now()) purse.balance += amount;
    },
  };
}
