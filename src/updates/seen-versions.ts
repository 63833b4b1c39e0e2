/** A hit of a document at a version. */
interface VersionedHit {
  readonly document: { readonly id: string; readonly version: number };
}

/** Documents remembered for a subscription: ten times the largest page. Those seen longest ago are forgotten first. */
const mostSeen = 1_000;

/** Remembers which version of which document was among the hits. */
export interface SeenVersions {
  /** @returns the places, from 0, of hits whose document was not seen at that version before. They are seen now. */
  takeNew(hits: readonly VersionedHit[]): number[];
}

export function createSeenVersions(): SeenVersions {
  const seen = new Map<string, number>();
  return {
    takeNew(hits) {
      // Told before any is remembered: a document may have several hits, and all of them are news.
      const isNew = hits.map(({ document: { id, version } }) => seen.get(id) !== version);
      for (const { document } of hits) {
        seen.delete(document.id);
        seen.set(document.id, document.version);
      }
      for (const id of seen.keys()) {
        if (seen.size <= mostSeen) break;
        seen.delete(id);
      }
      return isNew.flatMap((fresh, index) => (fresh ? [index] : []));
    },
  };
}
