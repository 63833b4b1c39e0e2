import { type Language, languages } from '../language.ts';
import { builder } from './builder.ts';

type LanguageValues = Record<Uppercase<Language>, { value: Language; description: string }>;

export const LanguageEnum = builder.enumType('Language', {
  description: "How words are stemmed: one of PostgreSQL's built-in text search configurations.",
  values: Object.fromEntries(
    languages.map((value) => [
      value.toUpperCase(),
      {
        value,
        description:
          value === 'simple'
            ? 'No stemming: words are split and lower-cased. For mixed texts, codes and names.'
            : `Words are stemmed as ${value.charAt(0).toUpperCase()}${value.slice(1)}.`,
      },
    ]),
  ) as LanguageValues,
});
