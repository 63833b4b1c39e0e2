import { isTenantId, type TenantId } from '../ids.ts';
import type { Refuse } from './arguments.ts';

/** @throws {UsageError} when it is missing or no tenant id. */
export function readTenant(text: string | undefined, refuse: Refuse): TenantId {
  if (text === undefined) throw refuse('--tenant is missing.');
  if (isTenantId(text)) return text;
  throw refuse(`--tenant received "${text.slice(0, 80)}"; 1 to 64 letters, digits, "_" and "-" are allowed.`);
}

/** @throws {UsageError} when it is not a whole number within the limits. */
export function readCount(
  option: string,
  text: string,
  [least, most]: readonly [number, number],
  refuse: Refuse,
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refuse(`${option} received "${text}"; a whole number from ${least} to ${most} is allowed.`);
}

/** @throws {UsageError} when it is none of the words; upper and lower case are the same. */
export function readChoice<Word extends string>(
  option: string,
  text: string,
  words: readonly Word[],
  refuse: Refuse,
): Word {
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found) return found;
  throw refuse(`${option} received "${text}"; ${words.map((word) => word.toLowerCase()).join(', ')} are allowed.`);
}

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const longestSeconds = 366 * unitSeconds.d;

/**
 * Reads a time such as `90`, `15m`, `1h` or `30d`.
 * @returns seconds, at least 1 and at most 366 days.
 * @throws {UsageError}
 */
export function readDuration(option: string, text: string, refuse: Refuse): number {
  const [, digits, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(digits) * unitSeconds[unit as keyof typeof unitSeconds];
  if (seconds >= 1 && seconds <= longestSeconds) return seconds;
  throw refuse(`${option} received "${text}"; seconds or a number with s, m, h or d are allowed, 366d at most.`);
}

/**
 * Reads the address of a gateway, with or without its `/graphql`.
 * @throws {UsageError} when it is no http or https address.
 */
export function readGatewayUrl(text: string, refuse: Refuse): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw refuse(`--url received "${text}"; an http or https address such as http://127.0.0.1:4000 is allowed.`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')}`;
}
