import type { RecallCurve, RecallSetting, StageOne } from './recall-curve.ts';

export type RecallProfile = 'FAST' | 'BALANCED' | 'HIGH' | 'EXACT';

/**
 * How good an answer must be: by name, as the share of the true nearest that must be found (0.5 to 1), or by the number of
 * candidates itself.
 */
export type RecallWish =
  | { readonly profile: RecallProfile }
  | { readonly target: number }
  | { readonly candidates: number };

/** How a search is to be run, and what that was measured to find. */
export type ChosenSetting =
  | {
      readonly kind: 'two-stage';
      readonly stageOne: StageOne;
      readonly candidates: number;
      readonly efSearch: number;
      /** Recall@10 of this setting on this tenant; null where it was never measured. */
      readonly measuredRecall: number | null;
      readonly measuredAt: Date | null;
      /** False where a recall is asked for that no setting was measured to reach, so that this is the best there is. */
      readonly reached: boolean;
    }
  /** Every full vector is read: nothing is missed. */
  | { readonly kind: 'exact' };

export interface ChooseOptions {
  /** Whether settings that read the covering index where there is a graph may be chosen; they may unless told otherwise. */
  readonly covering?: boolean;
}

/** Recall@10 that a profile stands for, where it can be measured. */
export const profileTargets: Readonly<Record<Exclude<RecallProfile, 'EXACT'>, number>> = {
  FAST: 0.95,
  BALANCED: 0.99,
  HIGH: 0.999,
};

/** Candidates for a recall where nothing was measured: what did it on real vectors, with room to spare (DESIGN rule 16). */
const unmeasured: readonly { readonly recall: number; readonly candidates: number }[] = [
  { recall: profileTargets.FAST, candidates: 40 },
  { recall: profileTargets.BALANCED, candidates: 100 },
  { recall: profileTargets.HIGH, candidates: 200 },
  { recall: 1, candidates: 400 },
];

/**
 * Maps a wish to the quickest setting, by median, that was measured to fulfil it. A higher target never gets a setting
 * that finds less or is quicker.
 * @param curve absent where the tenant was never measured, or has changed too much since.
 */
export function chooseSetting(
  curve: RecallCurve | undefined,
  wish: RecallWish,
  { covering = true }: ChooseOptions = {},
): ChosenSetting {
  const settings = (curve?.settings ?? []).filter(({ stageOne }) => covering || stageOne === 'planned');
  if ('candidates' in wish) {
    const { candidates } = wish;
    const same = settings.find(
      (one) => one.stageOne === 'planned' && one.candidates === candidates && one.efSearch === candidates,
    );
    return same && curve ? measured(curve, same, true) : unmeasuredSetting(candidates, true);
  }
  if ('profile' in wish && wish.profile === 'EXACT') return { kind: 'exact' };
  const target = 'target' in wish ? wish.target : profileTargets[wish.profile as keyof typeof profileTargets];
  // What missed nothing in a sample may miss something else.
  if (target === 1) return { kind: 'exact' };
  if (!curve || settings.length === 0) return guess(target, 'profile' in wish);
  const enough = settings.filter(({ recall }) => recall >= target);
  return enough.length > 0
    ? measured(curve, enough.reduce(quicker), true)
    : measured(curve, settings.reduce(better), false);
}

function measured({ measuredAt }: RecallCurve, setting: RecallSetting, reached: boolean): ChosenSetting {
  const { stageOne, candidates, efSearch, recall: measuredRecall } = setting;
  return { kind: 'two-stage', stageOne, candidates, efSearch, measuredRecall, measuredAt, reached };
}

function guess(target: number, reached: boolean): ChosenSetting {
  const { candidates } = unmeasured.find(({ recall }) => recall >= target) ?? { candidates: 400 };
  return unmeasuredSetting(candidates, reached);
}

function unmeasuredSetting(candidates: number, reached: boolean): ChosenSetting {
  return {
    kind: 'two-stage',
    stageOne: 'planned',
    candidates,
    efSearch: candidates,
    measuredRecall: null,
    measuredAt: null,
    reached,
  };
}

/** The one of less time; of equals the one that finds more, then the one of less work. */
function quicker(a: RecallSetting, b: RecallSetting): RecallSetting {
  return (a.p50Ms - b.p50Ms || b.recall - a.recall || work(a) - work(b)) <= 0 ? a : b;
}

/** The one that finds more; of equals the one of less time, then the one of less work. */
function better(a: RecallSetting, b: RecallSetting): RecallSetting {
  return (b.recall - a.recall || a.p50Ms - b.p50Ms || work(a) - work(b)) <= 0 ? a : b;
}

function work({ stageOne, candidates, efSearch }: RecallSetting): number {
  return (stageOne === 'covering' ? 1e8 : 0) + candidates * 10_000 + efSearch;
}
