/** How long a reading of the database serves all that is scraped: several scrapers cost one reading. */
const freshMs = 5_000;

/**
 * Makes a reading that is shared by whoever asks for it within some seconds.
 * @returns what was read; undefined where it could not be, so that a scrape tells the rest.
 */
export function createRecentReading<Value>(
  read: () => Promise<Value>,
  onFailure: (error: unknown) => void,
  nowMs: () => number = () => performance.now(),
): () => Promise<Value | undefined> {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<Value | undefined> = Promise.resolve(undefined);
  return () => {
    if (nowMs() - readAtMs < freshMs) return reading;
    readAtMs = nowMs();
    reading = read().catch((error: unknown) => {
      onFailure(error);
      return undefined;
    });
    return reading;
  };
}
