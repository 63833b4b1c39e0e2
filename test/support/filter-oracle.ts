import type { AttributeType } from '../../src/attribute.ts';
import type {
  AttributeCondition,
  Condition,
  DocumentFilter,
  ListCondition,
  MetadataCondition,
} from '../../src/filter.ts';

/** What a filter can ask of a document. */
export interface FilteredDocument {
  readonly externalId: string;
  readonly collection: string;
  readonly title: string;
  readonly status: string;
  readonly metadata: Record<string, unknown>;
  /** Attributes that the document's collection declares. */
  readonly declared: Readonly<Record<string, AttributeType>>;
}

/** Whether a document passes a filter, told by the words of the schema's descriptions and without any SQL. */
export function passes(document: FilteredDocument, filter: DocumentFilter): boolean {
  const { and, or, not, collection, externalId, title, status, attributes, metadata } = filter;
  if (and && !and.every((inner) => passes(document, inner))) return false;
  if (or && !or.some((inner) => passes(document, inner))) return false;
  if (not && passes(document, not)) return false;
  if (collection && !holds(document.collection, collection)) return false;
  if (externalId && !holds(document.externalId, externalId)) return false;
  if (title && !holds(document.title, title)) return false;
  if (status && !holds(document.status, status)) return false;
  if (!(attributes ?? []).every((condition) => attributeHolds(document, condition))) return false;
  return (metadata ?? []).every((condition) => keyHolds(document.metadata, condition));
}

function attributeHolds({ metadata, declared }: FilteredDocument, condition: AttributeCondition): boolean {
  const { name, text, number, boolean, date, textList } = condition;
  const value = <Value>(type: AttributeType) =>
    declared[name] === type ? ((metadata[name] ?? undefined) as Value | undefined) : undefined;
  const moment = value<string>('date');
  return (
    (!text || holds(value<string>('text'), text)) &&
    (!number || holds(value<number>('number'), number)) &&
    (!boolean || holds(value<boolean>('boolean'), boolean)) &&
    (!date || holds(moment === undefined ? undefined : Date.parse(moment), inMs(date))) &&
    (!textList || listHolds(value<string[]>('text_list') ?? [], textList))
  );
}

function inMs({ eq, gt, gte, lt, lte, is }: Condition<Date>): Condition<number> {
  const given = Object.entries({ eq, gt, gte, lt, lte }).filter(([, moment]) => moment !== undefined);
  return { ...Object.fromEntries(given.map(([name, moment]) => [name, moment?.getTime()])), ...(is && { is }) };
}

function listHolds(list: readonly string[], { contains, containsAny, containsAll, is }: ListCondition): boolean {
  if (is !== undefined && (is === 'NULL') !== (list.length === 0)) return false;
  if (list.length === 0) return [contains, containsAny, containsAll].every((part) => part === undefined);
  return (
    (contains === undefined || list.includes(contains)) &&
    (containsAny === undefined || containsAny.some((text) => list.includes(text))) &&
    (containsAll === undefined || containsAll.every((text) => list.includes(text)))
  );
}

function keyHolds(metadata: Record<string, unknown>, condition: MetadataCondition): boolean {
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
