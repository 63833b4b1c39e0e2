import { type Attribute, type AttributeType, attributeLimits, datePattern } from '../attribute.ts';

/**
 * What is wrong with the metadata of a document whose collection declares attributes, as a sentence; nothing if every
 * declared attribute is absent, null or of its type. A filter on a value of another type would silently miss the document.
 */
export function findAttributeFault(
  collection: string,
  attributes: readonly Attribute[],
  metadata: Record<string, unknown>,
): string | undefined {
  for (const { name, type } of attributes) {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : null;
    const fault = value === null ? undefined : findValueFault[type](value);
    if (fault === undefined) continue;
    return `the collection ${JSON.stringify(collection)} declares the attribute ${JSON.stringify(name)} as ${type.toUpperCase()}, and the metadata has ${fault}.`;
  }
  return undefined;
}

const { textBytes, listLength } = attributeLimits;

const findValueFault: Record<AttributeType, (value: unknown) => string | undefined> = {
  text: findTextFault,
  number: (value) => (typeof value === 'number' ? undefined : describe(value)),
  boolean: (value) => (typeof value === 'boolean' ? undefined : describe(value)),
  date: (value) =>
    typeof value === 'string' && isDate(value)
      ? undefined
      : `${describe(value)}; a date is a text such as "2026-01-31" or "2026-01-31T12:00:00Z"`,
  text_list: (value) => {
    if (!Array.isArray(value)) return describe(value);
    if (value.length > listLength) return `a list of ${value.length}; at most ${listLength} texts are allowed`;
    const fault = value.map(findTextFault).find((found) => found !== undefined);
    return fault === undefined ? undefined : `a list with ${fault} in it`;
  },
};

function findTextFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return describe(value);
  const sizeBytes = Buffer.byteLength(value);
  return sizeBytes > textBytes
    ? `a text of ${sizeBytes} bytes; at most ${textBytes} are allowed, so that an index can hold it`
    : undefined;
}

/** True for a day that the calendar has, from the year 1 on. */
function isDate(text: string): boolean {
  if (!datePattern.test(text) || text.startsWith('0000')) return false;
  const day = text.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 80))}`;
  return `the ${typeof value} ${String(value)}`;
}
