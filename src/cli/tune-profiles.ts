import { chooseSetting, profileTargets } from '../recall/choose-setting.ts';
import type { RecallCurve } from '../recall/recall-curve.ts';

/** What each profile means for the tenant from now on. */
export function profileLines(curve: RecallCurve): string[] {
  return (['FAST', 'BALANCED', 'HIGH'] as const).map((profile) => {
    const chosen = chooseSetting(curve, { profile });
    const goal = `${profile.padEnd(9)}${String(profileTargets[profile]).padEnd(6)}`;
    if (chosen.kind === 'exact') return `${goal} every full vector`;
    const { stageOne, candidates, efSearch, measuredRecall, reached } = chosen;
    // Without a graph to search, or where it is left aside, the breadth of its search is of no effect.
    const breadth = curve.tier === 'hnsw' && stageOne === 'planned' ? `, ef_search ${efSearch}` : '';
    const setting = `${candidates} candidates${breadth}, measured ${(measuredRecall ?? 0).toFixed(4)}`;
    return `${goal} ${setting}${reached ? '' : ' (best, not reached)'}`;
  });
}
