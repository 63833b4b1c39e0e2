import { encodeCursor, fingerprint } from '../../src/cursor.ts';
import { globalId } from '../support/look-alikes.ts';
import type { Draws } from './draws.ts';
import { isStorable } from './hostile-text.ts';
import type { AuditRow } from './model.ts';
import { fieldOf, type Part, show } from './part.ts';
import { absentId } from './pick-id.ts';
import { type Caller, othersOf, type World } from './world.ts';

interface AuditFilter {
  readonly action?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Where a page begins. */
interface After {
  readonly cursor: string;
  /** The row before it; undefined for a cursor that is another list's. */
  readonly place: string | undefined;
}

/** A page of the audit log: the first one, or the one behind a cursor that was given, or forged from another tenant's row. */
export function auditLogPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const filter = anyAuditFilter(world, draws, text);
  const given = world.cursors.filter(({ list }) => list === 'audit');
  if (draws.chance(0.5)) return pageOfAudit(world, caller, draws, filter);
  if (given.length === 0 || draws.chance(0.4)) {
    const rows = (draws.chance(0.5) ? [caller.tenant] : othersOf(world, caller)).flatMap(({ audit }) => audit);
    const place = rows.length > 0 && draws.chance(0.9) ? draws.pick(rows).id : absentId(draws);
    const cursor = encodeCursor(fingerprint(['audit', caller.tenant.id, datedFilter(filter)]), [place]);
    return pageOfAudit(world, caller, draws, filter, { cursor, place });
  }
  const { tenant, asked, cursor, seen } = draws.pick(given);
  const isOwn = tenant === caller.tenant;
  return pageOfAudit(world, caller, draws, asked, { cursor, place: isOwn ? seen.at(-1) : undefined });
}

/** As the gateway has read it, which is what a fingerprint is of. */
function datedFilter({ since, until, ...rest }: AuditFilter) {
  return { ...rest, ...(since && { since: new Date(since) }), ...(until && { until: new Date(until) }) };
}

function anyAuditFilter(world: World, draws: Draws, text: string): AuditFilter {
  return {
    ...(draws.chance(0.25) && { action: draws.pick(['patchDocuments', 'deleteByFilter', 'upsertDocuments', text]) }),
    ...(draws.chance(0.25) && { actor: draws.pick([...world.subjects, text]) }),
    ...(draws.chance(0.1) && { since: draws.pick(['2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z']) }),
    ...(draws.chance(0.1) && { until: draws.pick(['2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z']) }),
  };
}

function pageOfAudit(world: World, caller: Caller, draws: Draws, filter: AuditFilter, after?: After): Part {
  const { tenant } = caller;
  const first = draws.chance(0.6) ? 100 : 1 + draws.below(8);
  const { action = '', actor = '', since = '2000', until = '2100' } = filter;
  const isUsable = [action, actor].every((text) => text.length <= 256 && isStorable(text));
  return {
    kind: 'auditLog',
    scopes: ['tenant:admin'],
    showsIds: true,
    alone: true,
    field:
      'auditLog(filter: $filter, first: $first, after: $after) { edges { cursor node { id action targetKind targetIds targetCount details requestId actor { subject apiKeyId tokenId isOperator } } } pageInfo { hasNextPage } }',
    variables: { filter: ['AuditFilter', filter], first: ['Int', first], after: ['String', after?.cursor ?? null] },
    check: ({ value, codes }, report) => {
      const refusal = !isUsable ? 'BAD_USER_INPUT' : after && after.place === undefined ? 'INVALID_CURSOR' : undefined;
      if (codes[0] !== refusal) report('other', `an audit log got ${show(codes)} instead of ${refusal}`);
      if (refusal !== undefined || !value) return 0;
      const isWanted = (row: AuditRow) =>
        (filter.action === undefined || row.action === action) &&
        (filter.actor === undefined || row.subject === actor) &&
        since < '2026' &&
        until > '2026' &&
        (after?.place === undefined || row.id < after.place);
      const expected = tenant.audit.filter(isWanted).toReversed();
      const edges = fieldOf(value, 'edges') as { cursor: string; node: { id: string } }[];
      for (const [index, { node }] of edges.entries()) checkRow(world, caller, expected[index], node, report);
      if (edges.length < Math.min(first, expected.length))
        report('missing', `there are ${edges.length} rows of the audit log, not ${expected.length}`);
      if (fieldOf(value, 'pageInfo', 'hasNextPage') !== expected.length > first)
        report('other', 'hasNextPage of an audit log is wrong');
      const last = edges.at(-1);
      if (last && world.cursors.length < 200)
        world.cursors.push({
          list: 'audit',
          tenant,
          asked: { ...filter },
          cursor: last.cursor,
          seen: [bareAuditId(last.node.id)],
        });
      return edges.length;
    },
  };
}

type Report = Parameters<Part['check']>[1];

function checkRow(
  world: World,
  { tenant }: Caller,
  expected: AuditRow | undefined,
  node: { id: string },
  report: Report,
) {
  const owner = world.owners.get(bareAuditId(node.id));
  if (owner && owner.tenant !== tenant) {
    report('leak', `${tenant.id} reads of ${owner.tenant.id}: ${show(node)}`);
    return;
  }
  const { targetIds, ...got } = pick(node);
  const wanted = expected && {
    id: expected.id,
    action: expected.action,
    targetKind: expected.targetKind,
    count: expected.targetIds.length,
    subject: expected.subject,
    keyId: expected.keyId === undefined ? null : globalId('ApiKey', expected.keyId),
    byOperator: expected.byOperator,
  };
  const ids = expected?.targetIds.map((id) => targetId(expected.targetKind, id)).toSorted();
  if (show(got) !== show(wanted) || show(targetIds) !== show(ids))
    report('other', `a row of the audit log is ${show(node)}, not ${show(wanted)} of ${show(ids)}`);
}

function pick(node: object) {
  return {
    id: bareAuditId(fieldOf(node, 'id')),
    action: fieldOf(node, 'action'),
    targetKind: fieldOf(node, 'targetKind'),
    count: fieldOf(node, 'targetCount'),
    subject: fieldOf(node, 'actor', 'subject'),
    keyId: fieldOf(node, 'actor', 'apiKeyId'),
    byOperator: fieldOf(node, 'actor', 'isOperator'),
    targetIds: (fieldOf(node, 'targetIds') as string[]).toSorted(),
  };
}

const globalTypes: Readonly<Record<string, string>> = {
  document: 'Document',
  apiKey: 'ApiKey',
  deadLetter: 'DeadLetter',
};

function targetId(kind: string, id: string): string {
  const type = globalTypes[kind];
  return type === undefined ? id : globalId(type, id);
}

function bareAuditId(value: unknown): string {
  return Buffer.from(String(value), 'base64').toString().slice('AuditEntry:'.length);
}
