import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import { type ASTVisitor, type DirectiveNode, type DocumentNode, valueFromASTUntyped, visit } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { Refusal } from '../errors.ts';

/** Media types of answers in parts. */
const inParts = /multipart\/|text\/event-stream|\*\/\*/;

/** What a document says about parts, found out when it is first run. */
interface Parts {
  readonly streams: readonly DirectiveNode[];
  /** The same document without any of it. */
  readonly whole: DocumentNode;
}

/**
 * Slow parts of an answer after the others: `@defer` on fragments and `@stream` on lists, as multipart or as events. A client
 * whose Accept header names neither gets the whole answer at once, which the proposal leaves to the server.
 */
export function useDeferredParts(): Plugin {
  const known = new WeakMap<DocumentNode, Parts>();
  return {
    onPluginInit: ({ addPlugin }) => addPlugin(useDeferStream() as Plugin),
    onExecute: ({ args }) => {
      const parts = known.get(args.document) ?? findParts(args.document);
      known.set(args.document, parts);
      for (const stream of parts.streams) checkStream(stream, args.variableValues ?? {});
      const takesParts = inParts.test(args.contextValue.request.headers.get('accept') ?? '*/*');
      if (!takesParts) args.document = parts.whole;
    },
  };
}

function findParts(document: DocumentNode): Parts {
  const streams: DirectiveNode[] = [];
  const without: ASTVisitor = {
    Directive: (node) => {
      if (node.name.value === 'stream') streams.push(node);
      return node.name.value === 'defer' || node.name.value === 'stream' ? null : undefined;
    },
  };
  return { whole: visit(document, without), streams };
}

/**
 * The executor takes any number for granted, and null.
 * @throws {Refusal} `BAD_USER_INPUT`.
 */
function checkStream({ arguments: given }: DirectiveNode, variables: Readonly<Record<string, unknown>>): void {
  const count = given?.find(({ name }) => name.value === 'initialCount');
  const value = count && valueFromASTUntyped(count.value, variables);
  if (value === undefined || (Number.isInteger(value) && (value as number) >= 0)) return;
  throw new Refusal('BAD_USER_INPUT', `"@stream(initialCount:)" is ${value}; a whole number from 0 is allowed.`);
}
