import type { Language } from '../../language.ts';
import type { DocumentInput } from '../document-input.ts';
import type { SourceChange } from './change-statements.ts';

/** The mapped columns of a row, as the trigger put them down. */
interface Snapshot {
  readonly title: string | null;
  readonly text: readonly (string | null)[];
  readonly url: string | null;
  readonly language: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * The document that a row has become; nothing for a row that is gone, or has neither a title nor a text. A row without a title
 * has its key for one, a row without a text its title. Columns that are null are left out of the metadata.
 */
export function toDocument({ key, kind, collection, snapshot }: SourceChange): DocumentInput | undefined {
  if (kind !== 'upsert' || snapshot === null) return undefined;
  const { title, text, url, language, metadata } = snapshot as Snapshot;
  const texts = text.filter(isVisible);
  if (!isVisible(title) && texts.length === 0) return undefined;
  const given = isVisible(title) ? title : key;
  return {
    collection,
    externalId: key,
    title: given,
    body: texts.length > 0 ? texts.join('\n\n') : given,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null)),
    ...(isVisible(url) && { url }),
    ...(language !== null && { language: language as Language }),
  };
}

function isVisible(text: string | null): text is string {
  return text !== null && text.trim() !== '';
}
