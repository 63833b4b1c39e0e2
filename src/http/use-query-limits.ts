import { parse } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { checkShape, type ShapeLimits } from '../graphql/query-shape.ts';
import { checkNames, checkText } from '../graphql/query-text.ts';

export interface QueryLimits extends ShapeLimits {
  /** Names, marks and literals of one GraphQL text. */
  readonly tokens: number;
  /** Points that one request may cost. */
  readonly cost: number;
}

/**
 * Bounds the size of a GraphQL text before it is validated, because validating one can take time that grows with the square
 * of it. A text is measured when it is first seen; the library keeps what parsing it gave, refusals included.
 */
export function useQueryLimits(limits: QueryLimits): Plugin {
  return {
    onParse: ({ setParseFn }) => {
      setParseFn((source, options) => {
        checkText(typeof source === 'string' ? source : source.body, limits.tokens);
        const document = parse(source, { ...options, maxTokens: limits.tokens });
        checkNames(document);
        checkShape(document, limits);
        return document;
      });
    },
  };
}
