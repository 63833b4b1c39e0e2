/** A wait of more than this is as good as none: nobody holds on to a batch for so long. */
const longestMs = 3_600_000;

/**
 * Milliseconds that an answer asks to wait: Azure's and OpenAI's `retry-after-ms`, or `Retry-After` as seconds or as a date
 * (RFC 9110, section 10.2.3). Never below 0, at most an hour; undefined where it says nothing that can be read.
 * @param nowMs the time of day, for dates.
 */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const milliseconds = readNumber(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return bound(milliseconds);
  const text = headers.get('retry-after');
  const seconds = readNumber(text);
  if (seconds !== undefined) return bound(seconds * 1_000);
  // Date.parse takes nearly anything; a date of HTTP begins with the day of the week.
  const at = text !== null && /^[A-Za-z]{3,9}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : bound(at - nowMs);
}

function readNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function bound(waitMs: number): number {
  return Math.min(Math.max(Math.ceil(waitMs), 0), longestMs);
}
