import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Attribute } from '../attribute.ts';
import type { Principal } from '../auth/principal.ts';
import type { GraphQLDeps } from '../graphql/context.ts';
import { parseTenantId, type TenantId } from '../ids.ts';
import { defineCollection } from '../ingest/define-collection.ts';
import type { DocumentInput } from '../ingest/document-input.ts';
import { upsertDocuments } from '../ingest/upsert-documents.ts';
import { readTenantFacts } from '../tenants/read-tenant.ts';
import type { WorkerDeps } from '../worker/embed-batch.ts';
import { drain } from '../worker/worker.ts';
import { everyScope } from './tokens.ts';

const folder = fileURLToPath(new URL('../../demo/', import.meta.url));

/** The tenants that come with the program. */
export const demoTenants: readonly TenantId[] = ['alpenrose', 'velocraft', 'lindenhof'].map(parseTenantId);

/** A question with its answer among the demo documents, shown as an example. */
export interface DemoExample {
  readonly tenant: string;
  readonly title: string;
  readonly query: string;
  /** External id of the document that answers it. */
  readonly answer: string;
  readonly note: string;
}

export async function readDemoExamples(): Promise<DemoExample[]> {
  return JSON.parse(await readFile(`${folder}examples.json`, 'utf8')) as DemoExample[];
}

export async function readDemoDocuments(tenantId: TenantId): Promise<DocumentInput[]> {
  const text = await readFile(`${folder}${tenantId}.jsonl`, 'utf8');
  return text.split('\n').flatMap((line) => (line.trim() ? [JSON.parse(line) as DocumentInput] : []));
}

/** Whoever loads the demo documents. */
export function demoPrincipal(tenantId: TenantId): Principal {
  return { tenantId, subject: 'demo', groups: [], scopes: everyScope };
}

/** What every demo document may be filtered by. */
const demoAttributes: readonly Attribute[] = [
  { name: 'year', type: 'number' },
  { name: 'audience', type: 'text' },
  { name: 'topic', type: 'text' },
  { name: 'reviewed', type: 'boolean' },
];

async function defineCollections(
  deps: GraphQLDeps,
  principal: Principal,
  documents: readonly DocumentInput[],
): Promise<void> {
  for (const name of new Set(documents.map(({ collection }) => collection)))
    await defineCollection(deps, principal, { name, language: 'english', attributes: demoAttributes });
}

/**
 * Stores the demo documents of every demo tenant that has none yet, and embeds them where this process can: what somebody
 * changed or deleted stays so.
 * @returns the number of documents that were stored.
 */
export async function loadDemoData(
  deps: GraphQLDeps,
  workerDeps: WorkerDeps | undefined,
  signal?: AbortSignal,
): Promise<number> {
  let stored = 0;
  for (const tenantId of demoTenants) {
    if (signal?.aborted) break;
    const principal = demoPrincipal(tenantId);
    const { documents } = await readTenantFacts(deps, principal);
    if (documents > 0) continue;
    await defineCollections(deps, principal, await readDemoDocuments(tenantId));
    stored += (await upsertDocuments(deps, principal, await readDemoDocuments(tenantId))).length;
  }
  if (workerDeps) await drain(workerDeps, signal);
  return stored;
}
