import { maySee } from './model.ts';
import { type Report, show } from './part.ts';
import type { Caller, World } from './world.ts';

const markerPattern = /\b(?:tn|dc)r\d+x\d+(?:v\d+)?\b/g;
const tenantPattern = /\br\d+[-_][aA]\b/g;
const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Long enough for a global id or a cursor. */
const base64Pattern = /[A-Za-z0-9+/_-]{48,}={0,2}/g;

/** What an answer may hold of its own tenant. */
export interface ScanOptions {
  /** Of a writer: ids of hidden documents may come back. */
  readonly writes: boolean;
  /** What the request named itself may be repeated. */
  readonly request: string;
}

/** Looks through all of an answer, errors and extensions included, for words and ids that the caller may not get. */
export function scanAnswer(
  world: World,
  caller: Caller,
  text: string,
  { writes, request }: ScanOptions,
  report: Report,
): void {
  const { tenant } = caller;
  for (const marker of new Set(text.match(markerPattern))) {
    if (marker === tenant.marker || request.includes(marker)) continue;
    const [, of] = /^..(r[0-9]+x[0-9]+)/.exec(marker) ?? [];
    if (of !== tenant.marker.slice(2))
      report('leak', `an answer to ${tenant.id} holds ${marker} of another tenant: ${around(text, marker)}`);
    else {
      const holders = [...tenant.documents.values()].filter((one) =>
        `${one.title} ${one.body}`.split(' ').includes(marker),
      );
      if (holders.some(({ acl }) => maySee(caller, acl))) continue;
      const kind = holders.length > 0 ? 'leak' : 'other';
      report(kind, `an answer to ${caller.subject} holds ${marker} of what is hidden or gone: ${around(text, marker)}`);
    }
  }
  for (const [name] of text.matchAll(tenantPattern)) {
    if (name !== tenant.id && !request.includes(name))
      report('leak', `an answer to ${tenant.id} names ${name}: ${around(text, name)}`);
  }
  const named = idsIn(request);
  for (const id of idsIn(text)) {
    const owner = named.has(id) ? undefined : world.owners.get(id);
    if (!owner) continue;
    const document = owner.documentId === undefined ? undefined : tenant.documents.get(owner.documentId);
    if (owner.tenant !== tenant) report('leak', `an answer to ${tenant.id} holds the id ${id} of ${owner.tenant.id}`);
    else if (document && !writes && !maySee(caller, document.acl))
      report('leak', `an answer to ${caller.subject} holds the id ${id}, which is hidden: ${show(document.acl)}`);
  }
}

/** Every id in a text, bare or wrapped as global ids and cursors are. */
function idsIn(text: string): Set<string> {
  const unwrapped = [...text.matchAll(base64Pattern)].map(([token]) => Buffer.from(token, 'base64').toString('latin1'));
  return new Set([text, ...unwrapped].flatMap((one) => [...one.matchAll(uuidPattern)].map(([id]) => id.toLowerCase())));
}

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 100), at + 150);
}
