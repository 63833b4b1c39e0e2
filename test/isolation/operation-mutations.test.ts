import { expect, test } from 'vitest';
import { describeServer } from '../support/database.ts';
import { type Ground, newTally, runRound } from './fuzz.ts';
import { openGround } from './ground.ts';
import { openPolicy, readTenantPolicies, widenPolicy } from './holes.ts';
import { isLookAgain } from './observe-watches.ts';
import type { Mix } from './operations.ts';
import type { Rewriting } from './rewrite-queries.ts';

/** Through the gateway alone: what is done straight at the tables would find any open policy. */
const throughGateway: Mix = { read: 40, write: 30, drain: 1, refuse: 4, subscribe: 8 };

/** A hole that only a certain operation can be seen through. */
interface Hole {
  readonly name: string;
  /** What the gateway sends otherwise. */
  readonly rewriting: Rewriting;
  /** A table of which the policies that ask for the tenant alone let everything through. */
  readonly opened?: string;
  /** In the message of whoever notices. */
  readonly noticedBy: RegExp;
}

/** Asks of everybody what a statement asks of its tenant. */
function ofAnybody(text: string): string {
  return text.replaceAll(/(?:"\w+"\.)?"tenant_id" = (\$\d+)/g, '$1::text is not null');
}

/** A statement that begins like this, of anybody. */
const statementOfAnybody = (which: RegExp): Rewriting => ({
  statement: (text) => (which.test(text) ? ofAnybody(text) : text),
});

const lookAgain = (rewrite: (opening: string) => string): Rewriting => ({
  scope: (opening) => (isLookAgain() ? rewrite(opening) : opening),
});

const holes: readonly Hole[] = [
  {
    name: 'a subscription that looks again past the access lists',
    rewriting: lookAgain((opening) => opening.replace('role tessera_reader', 'role tessera_tenant')),
    noticedBy: /subscribed by .*searchUpdates/,
  },
  {
    name: 'a subscription that looks again as nobody of its tenant',
    rewriting: lookAgain((opening) => opening.replace(/set local tessera\.tenant_id = '[^']*';/, '')),
    noticedBy: /subscribed by/,
  },
  {
    name: 'a patch of which the access list is not stored',
    rewriting: {
      statement: (text) =>
        text.replace(
          /^(update "documents" set "metadata" = .*)"audience" = (\$\d+)/,
          '$1"audience" = "audience" + 0 * $2::integer',
        ),
    },
    noticedBy: /p\d: patchDocument/,
  },
  {
    name: 'a deletion by a filter that asks for no tenant, where updates may be of any',
    rewriting: statementOfAnybody(/^with "matching"/),
    opened: 'documents',
    noticedBy: /p\d: deleteByFilter/,
  },
  {
    name: 'a restoration that asks for no tenant, where updates may be of any',
    rewriting: statementOfAnybody(/"documents" .*("deleted_at" is not null|"deleted_at" = \$\d+, "deletion")/),
    opened: 'documents',
    noticedBy: /p\d: restoreDocuments/,
  },
  {
    name: 'dead letters that are sent again without their tenant, where updates may be of any',
    rewriting: statementOfAnybody(/^update "embedding_jobs" set "dead_at"/),
    opened: 'embedding_jobs',
    noticedBy: /p\d: requeue/,
  },
  {
    name: 'jobs that are listed without their tenant, where they may be read of any',
    rewriting: statementOfAnybody(/from "jobs"/),
    opened: 'jobs',
    noticedBy: /p\d: job/,
  },
  {
    name: 'an audit log that is read without its tenant, where it may be read of any',
    rewriting: statementOfAnybody(/^select .* from "audit_log"/),
    opened: 'audit_log',
    noticedBy: /p\d: auditLog/,
  },
];

/** What the fuzz finds in one round. */
const fuzz = (ground: Ground) => runRound(ground, { seed: 7, steps: 500, mix: throughGateway }, newTally());

describeServer('only the operation that sees through it notices', () => {
  test.each(holes)('$name', { timeout: 300_000 }, async ({ rewriting, opened, noticedBy }) => {
    await using ground = await openGround(rewriting);
    const { owner } = ground.gateway.db;
    const policies = (await readTenantPolicies(owner)).filter(
      (policy) => policy.table === opened && widenPolicy(policy) === undefined,
    );
    for (const policy of policies) await owner.query(openPolicy(policy));
    const found = await fuzz(ground);
    expect(found.map(({ message }) => message.slice(0, 2_000)).join('\n')).toMatch(noticedBy);
  });

  test('nothing where nothing is wrong', { timeout: 300_000 }, async () => {
    await using ground = await openGround();
    expect(await fuzz(ground)).toEqual([]);
  });
});
