import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import { type ASTVisitor, type DirectiveNode, type DocumentNode, visit } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Media types of answers in parts. */
const inParts = /multipart\/|text\/event-stream|\*\/\*/;

/**
 * Slow parts of an answer after the others: `@defer` on fragments and `@stream` on lists, as multipart or as events. A client
 * whose Accept header names neither gets the whole answer at once, which the proposal leaves to the server.
 */
export function useDeferredParts(): Plugin {
  const whole = new WeakMap<DocumentNode, DocumentNode>();
  const takesParts = (request: Request) => inParts.test(request.headers.get('accept') ?? '*/*');
  return {
    onPluginInit: ({ addPlugin }) => addPlugin(useDeferStream() as Plugin),
    onExecute: ({ args }) => {
      if (takesParts(args.contextValue.request)) return;
      const known = whole.get(args.document) ?? visit(args.document, withoutParts);
      whole.set(args.document, known);
      args.document = known;
    },
  };
}

const withoutParts: ASTVisitor = {
  Directive: ({ name }: DirectiveNode) => (name.value === 'defer' || name.value === 'stream' ? null : undefined),
};
