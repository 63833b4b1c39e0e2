import { isIP } from 'node:net';
import { z } from 'zod';
import { type Algorithm, algorithms } from './algorithms.ts';
import { isLoopback } from './loopback.ts';
import { Secret } from './secret.ts';

/** How the text of an environment variable becomes a value, and the phrase that says what is allowed. */
export interface ValueType<T> {
  readonly schema: z.ZodType<T, string>;
  /** Completes "allowed: ..." in a fault and "Allowed: ..." in `.env.example`. */
  readonly allowed: string;
}

function valueType<T>(allowed: string, read: (text: string) => T | undefined): ValueType<T> {
  const schema = z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
  return { schema, allowed };
}

/** A whole number in decimal digits. `because` is added to what is allowed where the bound needs a reason. */
export function wholeNumber(min: number, max: number, because = ''): ValueType<number> {
  return valueType(`a whole number from ${min} to ${max}${because}`, (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** A share of something. */
export const share: ValueType<number> = valueType('a number from 0 to 1, such as 0.05', (text) => {
  const value = /^\d(\.\d{1,9})?$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value <= 1 ? value : undefined;
});

export function choice<const T extends string>(...options: readonly T[]): ValueType<T> {
  return valueType(`one of ${options.join(', ')}`, (text) => options.find((option) => option === text.trim()));
}

const flags = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
export const flag = valueType('true or false (or 1 or 0)', (text) => flags.get(text.trim().toLowerCase()));

/** Text of 1 to `maxCharacters` characters without control characters. */
export function plainText(what: string, maxCharacters = 1024): ValueType<string> {
  return valueType(`${what}, at most ${maxCharacters} characters on one line`, (text) =>
    text.length <= maxCharacters && text.trim() !== '' && !/\p{Cc}/u.test(text) ? text : undefined,
  );
}

/** A secret of at least `minBytes` bytes of UTF-8. A line break at its end, the usual accident with files, is refused. */
export function secretText(minBytes: number): ValueType<Secret> {
  return valueType(`at least ${minBytes} ${minBytes === 1 ? 'byte' : 'bytes'} without control characters`, (text) =>
    Buffer.byteLength(text) >= minBytes && !/\p{Cc}/u.test(text) ? new Secret(text) : undefined,
  );
}

/** A PostgreSQL connection URL, kept secret because it usually holds a password. */
export const databaseUrl: ValueType<Secret> = valueType(
  'a connection URL such as postgres://user:password@host:5432/database',
  (text) => (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text) ? new Secret(text) : undefined),
);

export const hostName: ValueType<string> = valueType('a host name or an IP address, without a port', (text) =>
  isIP(text) !== 0 || /^[A-Za-z0-9._-]{1,255}$/.test(text) ? text : undefined,
);

/** The address of a web service: no user name, password, query or fragment, which would end up in logs. */
export const serviceUrl: ValueType<string> = valueType(
  'an http or https URL without user name, password, query and fragment',
  (text) => {
    const url = readPlainUrl(text);
    return url?.protocol === 'https:' || url?.protocol === 'http:' ? text.replace(/\/+$/, '') : undefined;
  },
);

/** Keys decide who is let in, so they travel over https, or never leave the machine. */
export const keySetUrl: ValueType<string> = valueType(
  'an https URL (http only for localhost, 127.0.0.0/8 and ::1) without user name, password and fragment',
  (text) => {
    const url = readPlainUrl(text, { query: true });
    if (url?.protocol === 'https:') return text;
    return url?.protocol === 'http:' && isLoopback(url.hostname) ? text : undefined;
  },
);

function readPlainUrl(text: string, { query = false } = {}): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
  return query || url.search === '' ? url : undefined;
}

export const algorithmList: ValueType<readonly Algorithm[]> = valueType(
  `a comma-separated list of ${algorithms.join(', ')}`,
  (text) => {
    const names = [...new Set(text.split(',').map((name) => name.trim()))];
    const known = algorithms.filter((algorithm) => names.includes(algorithm));
    return known.length === names.length ? known : undefined;
  },
);

/** A claim's name: a literal key such as `https://example.com/tenant`, or a path such as `org.id`. */
export const claimName: ValueType<string> = valueType(
  'a claim such as tenant, a path such as org.id or a URL, at most 256 characters without spaces',
  (text) => {
    if (text.length > 256 || !/^[^\s\p{Cc}]+$/u.test(text)) return undefined;
    return text.includes('/') || text.split('.').every((part) => part !== '') ? text : undefined;
  },
);

/** A token's `typ`: a media type without its `application/` (RFC 7515, section 4.1.9). */
export const tokenType: ValueType<string> = valueType(
  'a type such as at+jwt, at most 64 letters, digits, ".", "+" and "-"',
  (text) => (/^[A-Za-z0-9.+-]{1,64}$/.test(text) ? text : undefined),
);

/** Origins as browsers send them, so that they can be compared as they are. Never `*` and never `null`. */
export const originList: ValueType<readonly string[]> = valueType(
  'a comma-separated list of origins such as https://app.example.com, each with its scheme and without a path; no "*"',
  (text) => {
    const origins = [...new Set(text.split(',').map((origin) => origin.trim()))];
    const isOrigin = (origin: string) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin;
    return origins.every(isOrigin) ? origins : undefined;
  },
);
