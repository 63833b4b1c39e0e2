import { isDeepStrictEqual } from 'node:util';
import { isStorable } from './hostile-text.ts';
import { type AccessRule, type ModelDocument, type ModelTenant, ruleText } from './model.ts';
import {
  firstIndex,
  firstRepeated,
  fitsDeclared,
  isUsableRule,
  type PredictedOutcome,
  toRule,
} from './model-writes.ts';

/** What is to become of a document, as GraphQL takes it but for its id, which is the bare one. Null is as good as absent, except for a list. */
export interface DocumentPatch {
  readonly id: string;
  readonly acl?: Partial<AccessRule> | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly mergeMetadata?: Readonly<Record<string, unknown>> | null;
  readonly status?: string | null;
  readonly ifVersion?: number;
}

/** What a patch will do: change its documents, or none for the one that cannot be changed like this. */
export type PredictedPatch =
  | { readonly fault: number; readonly currentVersion?: number }
  | { readonly outcomes: readonly PredictedOutcome[] };

/** Foretells a patch of documents. Nothing of the model changes. */
export function predictPatch(tenant: ModelTenant, patches: readonly DocumentPatch[]): PredictedPatch {
  const early =
    firstRepeated(patches.map(({ id }) => [id])) ??
    firstIndex(patches, ({ acl }) => acl != null && !isUsableRule(toRule(acl)));
  if (early !== undefined) return { fault: early };
  const outcomes: PredictedOutcome[] = [];
  for (const [fault, patch] of patches.entries()) {
    const document = tenant.documents.get(patch.id);
    const currentVersion = document?.version ?? 0;
    if (patch.ifVersion !== undefined && patch.ifVersion !== currentVersion) return { fault, currentVersion };
    const outcome = document && toOutcome(tenant, document, patch);
    if (!outcome) return { fault };
    outcomes.push(outcome);
  }
  return { outcomes };
}

/** Undefined for what no document can be. */
function toOutcome(tenant: ModelTenant, before: ModelDocument, patch: DocumentPatch): PredictedOutcome | undefined {
  const metadata = patchedMetadata(before, patch);
  const status = patch.status ?? before.status;
  const acl = patch.acl === undefined ? before.acl : patch.acl === null ? undefined : toRule(patch.acl);
  const isStatus = isStorable(status) && status.trim() !== '' && status.length <= 64;
  const texts = Object.values(metadata).filter((value) => typeof value === 'string');
  const { collection } = before;
  if (!isStatus || !texts.every(isStorable) || !fitsDeclared(tenant, { collection, metadata })) return undefined;
  const isSame =
    status === before.status &&
    isDeepStrictEqual(metadata, before.metadata) &&
    (acl && ruleText(acl)) === (before.acl && ruleText(before.acl));
  if (isSame) return { status: 'UNCHANGED', document: before, isQueued: false };
  const document = { ...before, metadata, status, acl, version: before.version + 1 };
  return { status: 'UPDATED', document, isQueued: false };
}

function patchedMetadata({ metadata: stored }: ModelDocument, { metadata, mergeMetadata }: DocumentPatch) {
  const merged: Record<string, unknown> = { ...(metadata ?? stored), ...mergeMetadata };
  for (const [name, value] of Object.entries(mergeMetadata ?? {})) if (value === null) delete merged[name];
  return merged;
}
