import { NoSchemaIntrospectionCustomRule } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Refuses queries of the schema itself, and keeps its names out of the errors: a guess is not helped along. */
export function useNoIntrospection(): Plugin {
  return {
    onValidate: ({ addValidationRule }) => {
      addValidationRule(NoSchemaIntrospectionCustomRule);
    },
    onExecutionResult: ({ result }) => {
      if (result === undefined || isAsyncIterable(result) || Array.isArray(result)) return;
      for (const error of result.errors ?? []) error.message = error.message.replace(/ Did you mean .*\?$/s, '');
    },
  };
}
