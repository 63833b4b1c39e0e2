import { type Database, readInFlight } from '../../src/db/database.ts';
import type { Scope } from '../../src/db/scope.ts';
import type { TenantId } from '../../src/ids.ts';
import { statement } from '../support/statement.ts';
import { reportStranger } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { isName } from './hostile-text.ts';
import { type Person, ruleText } from './model.ts';
import { type Report, show } from './part.ts';
import { anyMarker } from './plain-query.ts';
import { accessListRead, keywordRead, rawReads } from './raw-reads.ts';
import { type Caller, hasAccessLists, type World } from './world.ts';

/** Databases to ask: the gateway's as it serves, and the worker's. */
export interface Databases {
  readonly gateway: Database;
  readonly worker: Database;
}

/**
 * Reads a table past the gateway, as a role in the scope of a principal made up at random, and holds every row to the model.
 * @returns rows compared.
 */
export async function readRaw(
  world: World,
  on: Databases,
  draws: Draws,
  text: string,
  report: Report,
): Promise<number> {
  const tenant = draws.pick(world.tenants);
  const person: Person = {
    subject: isName(text) && draws.chance(0.3) ? text : draws.pick(world.subjects),
    groups: [...draws.some(world.groups, 3), ...(isName(text) && draws.chance(0.3) ? [text] : [])],
  };
  const read = draws.pick([
    ...rawReads,
    keywordRead(anyMarker(world, draws)),
    ...(hasAccessLists ? [accessListRead] : []),
  ]);
  const role = draws.pick(read.roles);
  const scope: Scope = { role, tenantId: tenant.id as TenantId, ...person };
  const where = `${role} of ${tenant.id} (${show(person)}) from "${read.sql}"`;
  const asked = statement<{ name: string }>(read.sql, read.parameter === undefined ? [] : [read.parameter]);
  const [rows] = await readInFlight(role === 'tessera_worker' ? on.worker : on.gateway, scope, [asked]).catch(
    (error: unknown) => {
      report('missing', `${where}: ${error}`);
      return [[]];
    },
  );
  const { must, may = [] } = read.expected({ world, tenant, person, role });
  const names = rows.map(({ name }) => (read === accessListRead ? toRuleText(name) : name));
  const caller: Caller = { ...person, tenant, scopes: [], token: '', isRevoked: false };
  const known = new Set([...must, ...may]);
  for (const name of names) {
    if (known.has(name)) continue;
    if (world.owners.has(name))
      reportStranger(world, caller, name, (kind, message) => report(kind, `${where}: ${message}`));
    else report('leak', `${where}: ${show(name)}`);
  }
  const found = new Set(names);
  const gone = must.filter((name) => !found.has(name));
  if (gone.length > 0) report('missing', `${where}: ${show(gone)}`);
  return rows.length;
}

function toRuleText(row: string): string {
  const [users = [], groups = []] = JSON.parse(row) as string[][];
  return ruleText({ users, groups });
}
