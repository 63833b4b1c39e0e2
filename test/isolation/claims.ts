import type { TenantId } from '../../src/ids.ts';
import { bareId, checkIds } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { isName } from './hostile-text.ts';
import { visibleTo } from './model.ts';
import { fieldOf, type Report, show } from './part.ts';
import { scanAnswer } from './scan-answer.ts';
import type { Caller, World } from './world.ts';

/** Bytes of a token at most. */
const mostTokenBytes = 8_192;
const question =
  '{ viewer { tenantId subject groups } documents(first: 100) { edges { node { id title } } } tenant { documents } }';

/**
 * Calls with a token whose issuer puts anything into its claims: the caller is exactly who the claims say and sees what
 * that one may see, or there is no answer.
 * @returns rows compared; undefined where the token was refused.
 */
export async function callWithClaims(
  world: World,
  draws: Draws,
  text: string,
  report: Report,
): Promise<number | undefined> {
  const tenant = draws.pick(world.tenants);
  const own = draws.chance(0.6);
  const tenantId = own
    ? tenant.id
    : draws.pick([
        `${tenant.id} `,
        `${tenant.id}\n`,
        tenant.id.replace('a', 'а'),
        `${tenant.id}'--`,
        text,
        `${tenant.id}\0`,
      ]);
  const subject = draws.chance(0.6) ? text : draws.pick(world.subjects);
  const many = draws.chance(0.05)
    ? Array.from({ length: draws.pick([256, 257, 900]) }, (_, index) => `group ${index} ${'x'.repeat(draws.below(40))}`)
    : [];
  const groups = [...draws.some(world.groups, 3), ...(draws.chance(0.5) ? [text] : []), ...many];
  const contents = { subject, groups, tenantId: tenantId as TenantId };
  const token = await world.gateway.tokenFor(tenant.id, ['search', 'documents:read'], contents);
  const { text: answer, data, errors, status } = await world.gateway.graphql(token, question);
  const claims = { subject, groups: [...new Set(groups)] };
  const isRead =
    /^[A-Za-z0-9_-]{1,64}$/.test(tenantId) &&
    !/\n/.test(tenantId) &&
    isName(claims.subject) &&
    claims.groups.every(isName) &&
    groups.length <= 256 &&
    token.length <= mostTokenBytes;
  if (!isRead) {
    if (status !== 401 || errors[0]?.extensions?.code !== 'UNAUTHENTICATED')
      report('leak', `claims ${show(contents)} got ${status} ${answer.slice(0, 300)}`);
    return undefined;
  }
  const target = world.tenants.find(({ id }) => id === tenantId);
  const viewer = { tenantId, ...claims };
  if (show(fieldOf(data, 'viewer')) !== show(viewer))
    report('other', `claims ${show(viewer)} became ${show(fieldOf(data, 'viewer'))} ${answer.slice(0, 300)}`);
  const expected = target ? visibleTo(claims, target).map(({ id }) => id) : [];
  const nodes = (fieldOf(data, 'documents', 'edges') ?? []) as unknown[];
  const ids = nodes.map((edge) => bareId(fieldOf(edge, 'node', 'id')));
  for (const id of ids)
    if (!expected.includes(id))
      report('leak', `claims ${show(viewer)} got ${id}: ${show(target?.documents.get(id)?.acl)}`);
  checkIds(expected, ids, report, { ordered: true });
  if (fieldOf(data, 'tenant', 'documents') !== expected.length)
    report('other', `claims ${show(viewer)} count ${answer.slice(0, 300)}`);
  if (target) {
    const caller: Caller = { ...claims, tenant: target, scopes: [], token, isRevoked: false };
    scanAnswer(world, caller, answer, { writes: false, request: '' }, report);
  }
  return ids.length;
}
