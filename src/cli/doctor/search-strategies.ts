import { createHash } from 'node:crypto';
import type { Attribute } from '../../attribute.ts';
import type { Principal } from '../../auth/principal.ts';
import { tenantScope } from '../../db/scope.ts';
import { readAsTenant } from '../../db/tenant.ts';
import { expectedSearch, type SearchShape } from '../../doctor/expected-search.ts';
import type { StrategyStatement } from '../../doctor/explain-strategy.ts';
import type { AttributeCondition } from '../../filter.ts';
import type { DocumentId } from '../../ids.ts';
import { type FirstSearch, firstSearch } from '../../search/first-search.ts';
import type { SearchDeps } from '../../search/search.ts';
import type { SearchInput } from '../../search/search-input.ts';
import type { KeywordScan } from '../../search/search-plan.ts';
import { wordScansStatement } from '../../search/word-scans.ts';

/** What searches are made for. Each part that the tenant lacks is left out, with the searches that need it. */
export interface SearchOperands {
  readonly vector: Float32Array;
  /** A query of words that few chunks hold, or none. */
  readonly words: string;
  /** One of words that nearly every chunk holds, so that no word index is of use. */
  readonly commonWords?: string | undefined;
  /** A document that the tenant has. */
  readonly documentId?: DocumentId | undefined;
  /** A collection that it has: the planner goes by how many documents are in it. */
  readonly collection?: string | undefined;
  /** An attribute that is declared there. */
  readonly attribute?: Pick<Attribute, 'name' | 'type'> | undefined;
}

/** A kind of search: what is asked, and what is known of it besides. */
interface Probe {
  readonly name: string;
  readonly input: SearchInput;
  readonly selects?: SearchShape['selects'];
  readonly isCommon?: boolean;
  /** Hits of earlier pages, and of this one. */
  readonly page?: { readonly seen: readonly string[]; readonly first: number };
  /** False where it costs more to run than its plan is worth. */
  readonly run?: false;
}

/** Hits of earlier pages that make a page a deep one: beyond it the covering index is read, whatever the tier. */
const deepHits = 400;

/**
 * Every kind of search of a tenant, as the gateway sends its first run: from what a caller asks to the statement, by the steps
 * of a search itself, with what is known of the tenant now.
 */
export async function searchStrategies(
  deps: SearchDeps,
  principal: Principal,
  operands: SearchOperands,
): Promise<StrategyStatement[]> {
  const strategies: StrategyStatement[] = [];
  const languages = await readLanguages(deps, principal);
  for (const probe of probesFor(operands)) {
    const search = await firstSearch(deps, principal, probe.input, probe.page);
    const shape = shapeOf(search, probe, { languages, prepares: deps.database.preparing.isOn });
    strategies.push({
      strategy: `${probe.name}, ${describe(shape)}`,
      expected: expectedSearch(shape),
      statement: search.statement,
      scope: tenantScope(principal, search.settings),
      run: probe.run ?? true,
    });
  }
  return strategies;
}

function probesFor({ vector, words, commonWords, documentId, collection, attribute }: SearchOperands): Probe[] {
  const near: SearchInput = { vector: [...vector] };
  const keyword: SearchInput = { text: words, mode: 'KEYWORD' };
  const everything = { updatedAt: { gte: new Date(0) } };
  const exact = { recall: { profile: 'EXACT' } } as const;
  const inCollection = collection === undefined ? undefined : { collections: [collection] };
  return [
    { name: 'semantic', input: near },
    { name: 'by chunk', input: { ...near, groupBy: 'CHUNK' } },
    { name: 'deep page', input: near, page: { seen: earlierHits, first: 100 } },
    { name: 'fading with age', input: { ...near, recency: { halfLifeDays: 30 } } },
    // It reads every full vector of the tenant, which is too much to find out how it would.
    { name: 'recall EXACT', input: { ...near, ...exact }, run: false },
    { name: 'keyword', input: keyword },
    { name: 'keyword EXACT', input: { ...keyword, ...exact } },
    ...(commonWords === undefined
      ? []
      : [{ name: 'common words', input: { ...keyword, text: commonWords }, isCommon: true }]),
    { name: 'hybrid', input: { text: words } },
    { name: 'phrase', input: { text: `"${words}"` } },
    { name: 'of all dates', input: { ...near, filter: everything }, selects: 'column' },
    ...(documentId === undefined ? [] : [{ name: 'like a document', input: { similarTo: { documentId } } }]),
    ...(inCollection === undefined
      ? []
      : [
          { name: 'of a collection', input: { ...near, ...inCollection }, selects: 'collection' as const },
          { name: 'keyword of a collection', input: { ...keyword, ...inCollection }, selects: 'collection' as const },
        ]),
    ...(attribute === undefined
      ? []
      : [{ name: 'by attribute', input: { ...near, filter: hasAttribute(attribute) }, selects: 'attribute' as const }]),
  ];
}

/** Ends of ids that are nobody's. */
const earlierHits = Array.from({ length: deepHits }, (_, index) =>
  createHash('sha256').update(`hit ${index}`).digest('hex').slice(0, 12),
);

/** A condition that few documents satisfy, or none. */
function hasAttribute({ name, type }: Pick<Attribute, 'name' | 'type'>): SearchInput['filter'] {
  const conditions: Readonly<Record<Attribute['type'], Omit<AttributeCondition, 'name'>>> = {
    text: { text: { eq: 'tessera doctor' } },
    number: { number: { eq: 7 } },
    boolean: { boolean: { eq: true } },
    date: { date: { eq: new Date(0) } },
    text_list: { textList: { contains: 'tessera doctor' } },
  };
  return { attributes: [{ name, ...conditions[type] }] };
}

/** What is known of the tenant and of the connection. */
interface Known {
  readonly languages: readonly string[];
  /** Whether connections keep statements: else every search is planned for its tenant. */
  readonly prepares: boolean;
}

/** The languages that a query is read in: those of the tenant's chunks. */
async function readLanguages({ database }: SearchDeps, principal: Principal): Promise<string[]> {
  const statement = wordScansStatement({ words: '', candidates: 0, scan: { kind: 'exact' } });
  return (await readAsTenant(database, principal, statement)).map(({ language }) => language);
}

function shapeOf(
  { plan, prepared }: FirstSearch,
  { selects, isCommon = false }: Probe,
  { languages, prepares }: Known,
): SearchShape {
  const candidates = plan.semantic && candidatesOf(plan.semantic.depth, prepared.depth);
  return {
    ...(candidates && { candidates }),
    ...(plan.keyword && { words: wordsOf(plan.keyword.scan, languages, isCommon) }),
    ...(selects && { selects }),
    hasConditions: plan.conditions !== undefined,
    hasAccessLists: plan.selection.hasAccessLists === true,
    isLike: plan.semantic?.example !== undefined,
    fades: plan.recency !== undefined,
    isPlannedOnce: plan.isPlannedOnce === true && prepares,
    isDeep: plan.seen.length > 0,
  };
}

function wordsOf(scan: KeywordScan, languages: readonly string[], isCommon: boolean) {
  if (scan.kind === 'exact') return 'every';
  if (isCommon) return 'common';
  return languages.every((language) => scan.languages.includes(language)) ? 'index' : 'partly';
}

function candidatesOf(
  sent: NonNullable<FirstSearch['plan']['semantic']>['depth'],
  chosen: FirstSearch['prepared']['depth'],
): SearchShape['candidates'] {
  if (sent.kind === 'exact') return { by: 'every' };
  const { kind, ...budget } = sent.stageOne ?? { kind: 'planned' };
  if (kind === 'counted') return { by: kind, ...(budget as { permittedBudget: number }) };
  const isOnGraph = kind === 'planned' && chosen?.kind === 'two-stage' && chosen.tier === 'hnsw';
  return { by: isOnGraph ? 'graph' : 'covering' };
}

function describe({ candidates, words, isPlannedOnce }: SearchShape): string {
  const ways = {
    graph: 'graph',
    covering: 'covering index',
    counted: 'counted',
    every: 'every vector',
  } as const;
  const scans = {
    every: 'words in every chunk',
    index: 'words by index',
    partly: 'words by index in some languages',
    common: 'words in every chunk',
  } as const;
  const parts = [candidates && ways[candidates.by], words && scans[words], isPlannedOnce && 'planned once'];
  return parts.filter(Boolean).join(', ');
}
