import type { AccessList } from '../access-list.ts';
import { builder } from './builder.ts';

export const AccessListObject = builder.objectRef<AccessList>('AccessList').implement({
  description: 'Who may see a document: each of the users, and whoever is in any of the groups.',
  fields: (t) => ({
    users: t.stringList({
      description: 'Subjects of tokens and API keys, sorted.',
      resolve: ({ users }) => [...users],
    }),
    groups: t.stringList({ description: 'Groups of subjects, sorted.', resolve: ({ groups }) => [...groups] }),
  }),
});

export const AccessListInput = builder.inputType('AccessListInput', {
  description:
    'Who may see a document: each of the users, and whoever is in any of the groups, 1 to 256 of both together, each of 1 to 256 characters. Compared to the letter. Example: `{ users: ["ann"], groups: ["support"] }`.',
  fields: (t) => ({
    users: t.stringList({ description: 'Subjects of tokens and API keys.' }),
    groups: t.stringList({ description: 'Groups of subjects.' }),
  }),
});

/** Reads an access list from its arguments. What it holds is checked with its document. */
export function readAccessList({ users, groups }: typeof AccessListInput.$inferInput): AccessList {
  return { users: users ?? [], groups: groups ?? [] };
}
