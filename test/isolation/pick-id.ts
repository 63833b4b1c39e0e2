import { globalId } from '../support/look-alikes.ts';
import type { Draws } from './draws.ts';
import { type ModelDocument, maySee } from './model.ts';
import { type Caller, othersOf, type World } from './world.ts';

/** An id to ask for. */
export interface PickedId {
  /** Global. */
  readonly id: string;
  readonly bare: string;
  /** The document that the caller may see by it. */
  readonly document: ModelDocument | undefined;
}

/** Picks a document's id: of one's own, of one that is hidden, gone, another tenant's or nobody's. */
export function pickId(world: World, caller: Caller, draws: Draws): PickedId {
  const own = [...caller.tenant.documents.keys()];
  const foreign = othersOf(world, caller).flatMap(({ documents }) => [...documents.keys()]);
  const chunks = [...world.chunks.keys()];
  const share = draws.below(100);
  const from =
    share < 50 ? own : share < 80 ? foreign : share < 87 ? [...caller.tenant.deleted.keys()] : share < 94 ? chunks : [];
  const bare = from.length > 0 ? draws.pick(from) : absentId(draws);
  const document = caller.tenant.documents.get(bare);
  return {
    id: globalId('Document', bare),
    bare,
    document: document && maySee(caller, document.acl) ? document : undefined,
  };
}

/** Picks a job's bare id: of one's own, of another tenant's or of nobody's. */
export function pickJobId(world: World, caller: Caller, draws: Draws): string {
  const own = [...caller.tenant.jobs.keys()];
  const foreign = othersOf(world, caller).flatMap(({ jobs }) => [...jobs.keys()]);
  const share = draws.below(100);
  // The newest are those of which something is left.
  const from = share < 30 ? own.slice(-3) : share < 60 ? own : share < 92 ? foreign : [];
  return from.length > 0 ? draws.pick(from) : absentId(draws);
}

/** Nobody's id, the same for the same draws. */
export function absentId(draws: Draws): string {
  return `01890000-0000-7000-8000-${String(draws.below(1_000_000_000)).padStart(12, '0')}`;
}

/** An id that is nearly one: cut, padded, in other letters, of another type, or with SQL behind it. */
export function mangledId(world: World, caller: Caller, draws: Draws, text: string): string {
  const { id, bare } = pickId(world, caller, draws);
  return draws.pick([
    ` ${id}`,
    `${id}\n`,
    id.slice(0, -1),
    `${id}=`,
    id.replaceAll('=', ''),
    id.toLowerCase(),
    bare,
    globalId('Document', bare.toUpperCase()),
    globalId('Document', `{${bare}}`),
    globalId('Document', bare.replaceAll('-', '')),
    globalId('Document', `${bare}' or '1'='1`),
    globalId('Document', `${bare}\0`),
    globalId('document', bare),
    globalId('Chunk', bare),
    globalId('ApiKey', bare),
    globalId('Document', '00000000-0000-0000-0000-000000000000'),
    globalId('Document', text),
    text,
  ]);
}
