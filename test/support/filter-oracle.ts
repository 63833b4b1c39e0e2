import type { Condition, DocumentFilter, MetadataCondition } from '../../src/filter.ts';

/** What a filter can ask of a document. */
export interface FilteredDocument {
  readonly externalId: string;
  readonly collection: string;
  readonly title: string;
  readonly metadata: Record<string, unknown>;
}

/** Whether a document passes a filter, told by the words of the schema's descriptions and without any SQL. */
export function passes(document: FilteredDocument, filter: DocumentFilter): boolean {
  const { and, or, not, collection, externalId, title, metadata } = filter;
  if (and && !and.every((inner) => passes(document, inner))) return false;
  if (or && !or.some((inner) => passes(document, inner))) return false;
  if (not && passes(document, not)) return false;
  if (collection && !holds(document.collection, collection)) return false;
  if (externalId && !holds(document.externalId, externalId)) return false;
  if (title && !holds(document.title, title)) return false;
  return (metadata ?? []).every((condition) => attributeHolds(document.metadata, condition));
}

function attributeHolds(metadata: Record<string, unknown>, condition: MetadataCondition): boolean {
  const value = Object.hasOwn(metadata, condition.key) ? metadata[condition.key] : undefined;
  const typed = <Value>(type: string) => (typeof value === type ? (value as Value) : undefined);
  return (
    (!condition.text || holds(typed<string>('string'), condition.text)) &&
    (!condition.number || holds(typed<number>('number'), condition.number)) &&
    (!condition.boolean || holds(typed<boolean>('boolean'), condition.boolean))
  );
}

function holds<Value extends string | number | boolean>(value: Value | undefined, asked: Condition<Value>): boolean {
  const { eq, neq, gt, gte, lt, lte, startsWith, is } = asked;
  if (is !== undefined && (is === 'NULL') !== (value === undefined)) return false;
  const rest = [eq, neq, gt, gte, lt, lte, startsWith, asked.in].some((part) => part !== undefined);
  if (value === undefined) return !rest;
  return (
    (eq === undefined || value === eq) &&
    (neq === undefined || value !== neq) &&
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte) &&
    (asked.in === undefined || asked.in.includes(value)) &&
    (startsWith === undefined || String(value).startsWith(startsWith))
  );
}
