import { accessFix, isHole, readAccessFaults } from './access-faults.ts';
import { readCanaryFaults } from './canary.ts';
import { readAs } from './check-server.ts';
import type { Database } from './database.ts';
import type { LoginFault } from './login-faults.ts';
import { readPolicyFaults } from './policy-faults.ts';

export interface ReadyCheckOptions {
  /** How long tenants that were seen to be kept apart count as kept apart, in milliseconds; 5 s without it. */
  readonly trustForMs?: number;
  /** The clock, in milliseconds since any moment. */
  readonly now?: () => number;
}

/**
 * Makes the check that tenants are kept apart while a gateway serves: a canary that another tenant sees, and any hole that the
 * catalog shows, such as a policy that was changed or a table whose row-level security was taken off since the start. One
 * flight and two looks at the catalog (some 15 ms each), every few seconds at most. A fault is looked for again at each call.
 *
 * The check rejects with what is wrong and what mends it.
 */
export function createReadyCheck(
  database: Database,
  { trustForMs = 5_000, now = () => performance.now() }: ReadyCheckOptions = {},
): () => Promise<void> {
  let trustedUntilMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  return async () => {
    if (now() < trustedUntilMs) return;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    await looking;
  };

  async function look(): Promise<void> {
    const lookedAtMs = now();
    const faults = await readApartFaults(database);
    if (faults.length > 0) {
      const lines = faults.map(({ fault, fix }) => `${fault}. ${fix}`);
      throw new Error(`Tenants are not kept apart on this database. ${lines.join(' ')}`);
    }
    trustedUntilMs = lookedAtMs + trustForMs;
  }
}

/** What keeps tenants apart no longer, whoever logs in. */
async function readApartFaults(database: Database): Promise<LoginFault[]> {
  const canaries = await readCanaryFaults(database);
  const holes = (await readAs(database, 'tessera_operator', readAccessFaults)).filter(isHole);
  const onPolicies = await readAs(database, 'tessera_operator', readPolicyFaults);
  return [...canaries, ...holes.map((hole) => ({ fault: hole.fault, fix: accessFix(hole) })), ...onPolicies];
}
