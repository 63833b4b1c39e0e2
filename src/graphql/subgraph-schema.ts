import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
// First, so that the public schema is built before the types that only a federated gateway has.
import './schema.ts';
import './entities.ts';

let built: GraphQLSchema | undefined;

/** The schema of a federated gateway: the public one, with the fields that a router asks for. Built when first asked for. */
export function subgraphSchema(): GraphQLSchema {
  built ??= builder.toSchema();
  return built;
}
