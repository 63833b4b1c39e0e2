import { globalId } from '../support/look-alikes.ts';
import { bareId, checkNodes, nodeFields } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { nothingThere } from './example-parts.ts';
import { anyFilter } from './filters.ts';
import { bareJobId, checkJob, jobFields } from './job-nodes.ts';
import { isStandIn, type ModelDocument } from './model.ts';
import { jobNow } from './model-jobs.ts';
import { fieldOf, type Report, show } from './part.ts';
import { mangledId, pickId, pickJobId } from './pick-id.ts';
import { plainQuery, vocabulary } from './plain-query.ts';
import { type Expected, matchingText, selected, withVectors } from './search-parts.ts';
import type { Subscription } from './subscription.ts';
import { type Caller, visible, type World } from './world.ts';

/** A subscription to be opened, and what the model says of what it is told. */
export interface SubscriptionPlan extends Pick<Subscription, 'kind' | 'check' | 'isOver'> {
  readonly scopes: readonly string[];
  readonly field: string;
  readonly variables: Readonly<Record<string, readonly [type: string, value: unknown]>>;
  /** May be refused for what it asks. */
  readonly isHostile?: boolean;
}

type Event = Parameters<Subscription['check']>[0][number];

function searchField(caller: Caller): string {
  return `searchUpdates(input: $input, first: 100) { ... on SearchUpdate { edges { score chunk { id text } node { ${nodeFields(caller)} } } } ... on Error { code message } }`;
}

/** Documents that the events bring. */
function nodesOf(events: readonly Event[]): unknown[] {
  return events
    .flatMap(({ data }) => (fieldOf(data, 'told', 'edges') ?? []) as unknown[])
    .map((edge) => fieldOf(edge, 'node'));
}

/**
 * Remembers what a subscription was told of, and holds what it is told to what is new among its hits.
 * @param expected hits as the model has them now.
 */
function newsOf(world: World, caller: Caller, expected: () => Expected) {
  const seen = new Map<string, number>();
  // Of what older vectors stand in for it is not known whether it was a hit.
  const perhapsSeen = new Map<string, number>();
  const isIn = (versions: Map<string, number>) => (one: ModelDocument) => versions.get(one.id) === one.version;
  const remember = ({ must, may }: Expected, told: ReadonlySet<string>) => {
    for (const { id, version } of must) seen.set(id, version);
    for (const { id, version } of may) (told.has(id) ? seen : perhapsSeen).set(id, version);
  };
  remember(expected(), new Set());
  return (events: readonly Event[], report: Report): number => {
    const { must, may } = expected();
    const fresh = [must, may].map((some) => some.filter((one) => !isIn(seen)(one)));
    const [due = [], possible = []] = fresh;
    const nodes = nodesOf(events);
    const optional = [...due.filter(isIn(perhapsSeen)), ...possible];
    const required = due.filter((one) => !isIn(perhapsSeen)(one));
    const rows = checkNodes(world, caller, required, nodes, report, { optional });
    remember({ must, may }, new Set(nodes.map((node) => bareId(fieldOf(node, 'id')))));
    return rows;
  };
}

/** A saved search for words that the model knows: half of them find whatever may be seen. */
function textPlan(world: World, caller: Caller, draws: Draws, text: string): SubscriptionPlan {
  const isWide = draws.chance(0.5);
  const query = isWide
    ? { text: vocabulary.join(' '), words: vocabulary, required: [], excluded: [] }
    : plainQuery(world, caller, draws);
  const mode = draws.pick(['HYBRID', 'SEMANTIC', 'KEYWORD']);
  const input = {
    text: query.text,
    mode,
    ...(draws.chance(0.2) && { filter: anyFilter(world, caller, draws, text) }),
    ...(draws.chance(0.15) && { collections: draws.some(world.collections, 2) }),
  };
  const check = newsOf(world, caller, () => matchingText(mode, query, selected(caller, input)));
  return {
    kind: 'searchUpdates',
    scopes: ['search'],
    field: searchField(caller),
    variables: { input: ['SearchInput!', input] },
    isOver: () => false,
    check: (events, report) => {
      for (const { errors } of events) if (errors) report('missing', `a saved search was told ${show(errors)}`);
      return check(events, report);
    },
  };
}

/** A saved search by example, which ends when the example is gone or hidden. */
function examplePlan(world: World, caller: Caller, draws: Draws): SubscriptionPlan {
  const { id, bare } = pickId(world, caller, draws);
  const example = () => visible(caller).find((one) => one.id === bare);
  const expected = () => withVectors(visible(caller).filter((one) => one.id !== bare));
  const check = newsOf(world, caller, expected);
  const isOver = () => {
    const document = example();
    if (document && !document.pending) return false;
    return document && isStandIn(document) ? undefined : true;
  };
  return {
    kind: 'searchUpdates by example',
    scopes: ['search'],
    field: searchField(caller),
    variables: { input: ['SearchInput!', { similarTo: id }] },
    isOver,
    check: (events, report) => {
      const faults = events.filter(({ data }) => fieldOf(data, 'told', 'code') !== undefined);
      const others = events.filter((event) => !faults.includes(event));
      for (const { data } of faults)
        if (show(fieldOf(data, 'told')) !== show(nothingThere) || isOver() === false)
          report('missing', `a saved search by example ended with ${show(data)}`);
      const isEnd = isOver() === true;
      if (isEnd && faults.length !== 1) report('leak', `an example that is not there got ${show(events)}`);
      // What was found with an example that may be read no more is told no more.
      if (isEnd || faults.length > 0) {
        if (nodesOf(others).length > 0) report('leak', `a search by an example that is gone found ${show(others)}`);
        return faults.length;
      }
      return check(events, report);
    },
  };
}

/** A job of one's own, as it goes on; another's, which is not there. */
function jobPlan(world: World, caller: Caller, draws: Draws): SubscriptionPlan {
  const { tenant } = caller;
  const id = pickJobId(world, caller, draws);
  let before: string | undefined;
  return {
    kind: 'jobProgress',
    scopes: ['documents:read'],
    field: `jobProgress(id: $id) { ${jobFields} }`,
    variables: { id: ['ID!', globalId('Job', id)] },
    isOver: () => jobNow(tenant, id)?.status !== 'RUNNING',
    check: (events, report) => {
      const now = show(jobNow(tenant, id) ?? null);
      const most = now === before ? 0 : 1;
      before = now;
      if (events.length !== most) report('other', `the job ${id} was told ${show(events)}, and is ${now}`);
      for (const { data, errors } of events) {
        const told = fieldOf(data, 'told');
        if (errors) report('missing', `the job ${id} was told ${show(errors)}`);
        if (told && bareJobId(fieldOf(told, 'id')) !== id) report('leak', `the job ${id} was told of ${show(told)}`);
        checkJob(world, tenant, id, told, report);
      }
      return events.length;
    },
  };
}

/** A saved search for any text or like any id, or a job that is hardly one. */
function hostilePlan(world: World, caller: Caller, draws: Draws, text: string): SubscriptionPlan {
  const bare = pickJobId(world, caller, draws);
  const common = { kind: 'hostile subscription', isHostile: true, isOver: () => undefined };
  const check = (events: readonly Event[], report: Report) => {
    const shown = nodesOf(events);
    if (shown.length > 0) report('leak', `a hostile subscription was told of ${show(shown)}`);
    return 0;
  };
  if (draws.chance(0.3)) {
    const id = draws.pick([text, bare, globalId('Document', bare), globalId('Job', `${bare}'--`)]);
    const field = `jobProgress(id: $id) { ${jobFields} }`;
    return { ...common, scopes: ['documents:read'], field, variables: { id: ['ID!', id] }, check };
  }
  const input = draws.chance(0.6)
    ? { text, mode: draws.pick(['HYBRID', 'KEYWORD', 'SEMANTIC']) }
    : { similarTo: mangledId(world, caller, draws, text) };
  const variables = { input: ['SearchInput!', input] } as const;
  return { ...common, scopes: ['search'], field: searchField(caller), variables, check };
}

/** Any subscription of a caller. */
export function anyPlan(world: World, caller: Caller, draws: Draws, text: string): SubscriptionPlan {
  const share = draws.below(100);
  if (share < 45) return textPlan(world, caller, draws, text);
  if (share < 65) return examplePlan(world, caller, draws);
  return share < 88 ? jobPlan(world, caller, draws) : hostilePlan(world, caller, draws, text);
}
