import { type ASTVisitor, GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationContext } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Refuses queries of the schema itself, and keeps its names out of the errors: a guess is not helped along. */
export function useNoIntrospection(): Plugin {
  return {
    onValidate: ({ addValidationRule }) => {
      addValidationRule(NoSchemaIntrospectionCustomRule);
      addValidationRule(NoSubgraphSdlRule);
    },
    onExecutionResult: ({ result }) => {
      if (result === undefined || isAsyncIterable(result) || Array.isArray(result)) return;
      for (const error of result.errors ?? []) error.message = error.message.replace(/ Did you mean .*\?$/s, '');
    },
  };
}

/** The SDL of a subgraph is its schema. */
function NoSubgraphSdlRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service' || context.getParentType() !== context.getSchema().getQueryType()) return;
      const message = 'The schema is not told here: INTROSPECTION is off. Compose with "tessera schema --federation".';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}
