import type { BuildProgress } from './build-index.ts';

/** A long build is worth a line each time it has come this much further. */
const markShare = 0.1;

/** A build at a point that is worth a line. */
export interface ProgressMark extends BuildProgress {
  /** Chunks that are in the index, or were looked at for it, in percent. */
  readonly percent: number;
}

/** Passes on the first report of each phase and then one for every tenth of the way. */
export function markProgress(onMark: (mark: ProgressMark) => void): (progress: BuildProgress) => void {
  let [place, share] = ['', 0];
  return (progress) => {
    const now = progress.chunks > 0 ? Math.min(1, progress.chunksDone / progress.chunks) : 0;
    const here = `${progress.index} ${progress.phase}`;
    if (here === place && now - share < markShare) return;
    [place, share] = [here, now];
    onMark({ ...progress, percent: Math.round(100 * now) });
  };
}
