import { parse } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Names, marks and literals of one request: a literal vector of 3,072 components and 200 literal documents fit. */
const maxTokens = 10_000;

/** Bounds the size of a GraphQL text, because validating one can take time that grows with the square of it. */
export function useParseLimit(): Plugin {
  return {
    onParse: ({ setParseFn }) => {
      setParseFn((source, options) => parse(source, { ...options, maxTokens }));
    },
  };
}
