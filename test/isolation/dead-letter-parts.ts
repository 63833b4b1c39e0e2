import { transact } from '../../src/db/database.ts';
import { workerScope } from '../../src/db/scope.ts';
import type { ChunkId, TenantId } from '../../src/ids.ts';
import { rejectJobsStatement } from '../../src/worker/job-statements.ts';
import { globalId } from '../support/look-alikes.ts';
import { checkNode, nodeFields, reportStranger } from './document-nodes.ts';
import type { Draws } from './draws.ts';
import { checkJob, jobFields, takeJob } from './job-nodes.ts';
import { allOf } from './model.ts';
import { noteAudit } from './model-audit.ts';
import { deadOf, queueAnew } from './model-jobs.ts';
import { fieldOf, type Part, show } from './part.ts';
import { absentId } from './pick-id.ts';
import { type Caller, visible, type World } from './world.ts';

/** What the provider says, with nothing of the text in it. */
const objection = 'HTTP status 400: the input is not usable.';
/** Refusals by itself that make a text a dead letter. */
const rejections = 3;

/** Has the provider refuse for good what some documents of a tenant wait for: what the worker does then, it does here. */
export async function refuseTexts(world: World, draws: Draws): Promise<void> {
  const tenant = draws.pick(world.tenants);
  const waiting = allOf(tenant).filter(({ duty }) => duty && !duty.isDead);
  if (waiting.length === 0) return;
  const { database, modelId } = world.gateway.workerDeps;
  for (const document of draws.some(waiting, 3)) {
    const chunkIds = chunkIdsOf(world, document.id) as ChunkId[];
    await transact(database, workerScope(tenant.id as TenantId), async (execute) => {
      for (let time = 0; time < rejections; time++)
        await execute(rejectJobsStatement(tenant.id as TenantId, modelId, chunkIds, objection, 0.5));
    });
    if (document.duty) tenant.documents.set(document.id, { ...document, duty: { ...document.duty, isDead: true } });
  }
}

/** Dead letters of documents that the caller may see, without any text but theirs. */
export function deadLettersPart(world: World, caller: Caller, draws: Draws, text: string): Part {
  const first = draws.chance(0.7) ? 100 : 1 + draws.below(3);
  const name = world.gateway.deps.embedder.model.name;
  const model = draws.pick([null, null, name, text]);
  return {
    kind: 'deadLetters',
    scopes: ['documents:read'],
    field: `deadLetters(first: $first, model: $model) { id model reason ordinal document { ${nodeFields(caller)} } }`,
    variables: { first: ['Int', first], model: ['String', model] },
    check: ({ value }, report) => {
      const dead = model === null || model === name ? deadOf(visible(caller)) : [];
      const expected = new Map(
        dead.flatMap((document) =>
          chunkIdsOf(world, document.id).map((id) => [letterId(world, id), document] as const),
        ),
      );
      const letters = (value ?? []) as {
        id: string;
        model: string;
        reason: string;
        ordinal: number;
        document: unknown;
      }[];
      for (const { id, document: shown, ...rest } of letters) {
        const document = expected.get(id);
        const bare = Buffer.from(id, 'base64').toString().slice('DeadLetter:'.length).split(':')[0] as string;
        if (!document) reportStranger(world, caller, bare, report);
        else if (shown) checkNode(caller, document, shown, report);
        else report('missing', `a dead letter lacks its document ${document.id}`);
        if (show(rest) !== show({ model: name, reason: objection, ordinal: 0 }))
          report('other', `a dead letter is ${show(rest)}`);
      }
      const most = Math.min(first, expected.size);
      if (letters.length !== most)
        report(letters.length < most ? 'missing' : 'leak', `there are ${letters.length} dead letters of ${most}`);
      return letters.length;
    },
  };
}

/** Sends dead letters again: all of one's own, or those that are named, be they others'. */
export function requeuePart(world: World, caller: Caller, draws: Draws): Part {
  const { tenant } = caller;
  const ids = draws.chance(0.3) ? undefined : Array.from({ length: 1 + draws.below(3) }, () => pickChunk(world, draws));
  return {
    kind: 'requeue',
    scopes: ['documents:write'],
    writes: true,
    field: `requeue(ids: $ids) { requeued job { ${jobFields} } }`,
    variables: { ids: ['[ID!]', ids?.map((id) => letterId(world, id)) ?? null] },
    check: ({ value, codes }, report) => {
      const dead = deadOf(allOf(tenant));
      const isMeant = (id: string) => ids === undefined || chunkIdsOf(world, id).some((chunk) => ids.includes(chunk));
      const meant = dead.filter(({ id }) => isMeant(id));
      const requeued = Number(fieldOf(value, 'requeued'));
      if (requeued !== meant.length) {
        const kind = requeued > meant.length ? 'leak' : 'missing';
        report(kind, `${meant.length} dead letters should be sent again, not ${show(value)} ${show(codes)}`);
      }
      if (meant.length === 0) return 1;
      const answered = fieldOf(value, 'job');
      const jobId = takeJob(world, tenant, { kind: 'WRITE', total: meant.length }, answered, report) as string;
      queueAnew(tenant, meant, jobId);
      checkJob(world, tenant, jobId, answered, report);
      const targetIds = meant.flatMap(({ id }) => chunkIdsOf(world, id)).map((id) => letterKey(world, id));
      noteAudit(caller, { action: 'requeue', targetKind: 'deadLetter', targetIds });
      return meant.length;
    },
  };
}

/** A dead letter's passage of any tenant, one that is none, or nobody's. */
function pickChunk(world: World, draws: Draws): string {
  const dead = world.tenants.flatMap((tenant) => deadOf(allOf(tenant)));
  if (dead.length > 0 && draws.chance(0.8)) {
    const [id] = chunkIdsOf(world, draws.pick(dead).id);
    if (id !== undefined) return id;
  }
  const chunks = [...world.chunks.keys()];
  return chunks.length > 0 && draws.chance(0.7) ? draws.pick(chunks) : absentId(draws);
}

function letterKey(world: World, chunkId: string): string {
  return `${chunkId}:${world.gateway.workerDeps.modelId}`;
}

function letterId(world: World, chunkId: string): string {
  return globalId('DeadLetter', letterKey(world, chunkId));
}

function chunkIdsOf({ chunks }: World, id: string): string[] {
  return [...chunks].flatMap(([chunkId, documentId]) => (documentId === id ? [chunkId] : []));
}
