import type { TenantId } from '../ids.ts';
import type { DocumentSelection, TextConditions } from './document-selection.ts';
import { countedStages } from './filtered-stages.ts';
import type { SemanticPlan } from './search-plan.ts';
import type { SearchTables } from './search-tables.ts';
import { candidateStage } from './semantic-stages.ts';

/**
 * The named stages that end with `candidates`, the keys of the nearest chunks by coarse vector.
 * @throws {TypeError} for a search that has no stage one, because it reads every full vector.
 */
export function stageOneStages(
  tenantId: TenantId,
  semantic: SemanticPlan,
  selection: DocumentSelection,
  conditions: TextConditions | undefined,
): [keyof SearchTables, unknown][] {
  const { depth } = semantic;
  if (depth.kind === 'exact') throw new TypeError('A search of every full vector has no stage one.');
  const { candidates, stageOne = { kind: 'planned' } } = depth;
  if (stageOne.kind === 'counted') {
    const { permittedBudget } = stageOne;
    return countedStages(tenantId, semantic, { candidates, permittedBudget }, selection, conditions);
  }
  return [['candidates', candidateStage(tenantId, semantic, candidates, selection, conditions, stageOne.kind)]];
}
