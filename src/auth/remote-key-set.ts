import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Refusal } from '../errors.ts';

export interface RemoteKeySetOptions {
  readonly timeoutMs: number;
  /** After this time the keys are asked for again, while the old ones serve. */
  readonly freshForMs: number;
  /** For so long, counted from when they were fetched, keys serve although their server gives no answer. */
  readonly serveStaleForMs: number;
  /** An unknown key id asks again at the soonest after this time, and so does a server that failed. */
  readonly coolDownMs: number;
  /** A larger answer is given up unread. */
  readonly maxBytes: number;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** A key set behind a URL. */
export interface RemoteKeySet {
  readonly find: JWTVerifyGetKey;
  /** Another number for another set of keys, so that what was verified with a key that is withdrawn is verified again. */
  version(): number;
}

const remoteKeySetDefaults: RemoteKeySetOptions = {
  timeoutMs: 5_000,
  freshForMs: 600_000,
  serveStaleForMs: 3_600_000,
  coolDownMs: 30_000,
  maxBytes: 262_144,
  now: () => performance.now(),
};

/** A server that failed is asked again sooner than one that does not know a key: nobody gets in meanwhile. */
const retryFailedAfterMs = 2_000;

/**
 * Keys that an issuer publishes, fetched with the first token, so that the issuer may start later. Keys that it adds are
 * found by their id, those that it withdraws are noticed with the first new token after ten minutes, and while it is down
 * its keys serve for an hour.
 */
export function createRemoteKeySet(url: string, options: Partial<RemoteKeySetOptions> = {}): RemoteKeySet {
  const limits = { ...remoteKeySetDefaults, ...options };
  const { now } = limits;
  let current: { readonly text: string; readonly find: JWTVerifyGetKey; readonly fetchedAtMs: number } | undefined;
  let version = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let failure: Refusal | undefined;
  let pending: Promise<void> | undefined;

  const ageMs = () => (current === undefined ? Number.POSITIVE_INFINITY : now() - current.fetchedAtMs);

  /** Never rejects: what went wrong is in `failure`. Everybody who waits shares one request. */
  function refresh(): Promise<void> {
    pending ??= fetchAnew().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function fetchAnew(): Promise<void> {
    const startedAtMs = now();
    askedAtMs = startedAtMs;
    try {
      const text = await fetchText(url, limits);
      const find = createLocalJWKSet(readKeys(text));
      if (current?.text !== text) version++;
      current = { text, find, fetchedAtMs: startedAtMs };
      failure = undefined;
    } catch (cause) {
      failure = new Refusal(
        'KEY_SERVER_UNAVAILABLE',
        'The token could not be checked because the server with the keys of its issuer gave no usable answer. Try again shortly.',
        { cause },
      );
    }
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    const restedMs = now() - askedAtMs;
    if (ageMs() > limits.serveStaleForMs) {
      if (failure === undefined || pending !== undefined || restedMs >= retryFailedAfterMs) await refresh();
    } else if (ageMs() > limits.freshForMs && restedMs >= retryFailedAfterMs) void refresh();
    if (current === undefined || ageMs() > limits.serveStaleForMs) throw failure;
    try {
      return await current.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // An answer that is under way may know it.
      if (pending === undefined && now() - askedAtMs < limits.coolDownMs) throw error;
    }
    await refresh();
    if (failure !== undefined) throw failure;
    return current.find(header, token);
  };

  return { find, version: () => version };
}

/** Redirects are not followed: whoever answers is who was configured. */
async function fetchText(url: string, { timeoutMs, maxBytes }: RemoteKeySetOptions): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The key server answered with status ${response.status}.`);
  }
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength;
    // Leaving the loop cancels the body.
    if (sizeBytes > maxBytes) throw new Error(`The key server answered with more than ${maxBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Public keys only: a shared secret that an issuer published by mistake checks nothing here. */
function readKeys(text: string): JSONWebKeySet {
  const answer: unknown = JSON.parse(text);
  const keys = typeof answer === 'object' && answer !== null && 'keys' in answer ? answer.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('The key server answered with something that is not a key set.');
  const usable = keys.filter((key) => typeof key === 'object' && key !== null && publicTypes.has(key.kty));
  if (usable.length === 0) throw new Error('The key server answered with a key set without a public key.');
  return { keys: usable.map(({ d: _private, ...key }) => key) };
}

const publicTypes: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
