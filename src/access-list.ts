import { isUsableText } from './auth/claims.ts';

/** Who may read a document: each of the users, and whoever is in any of the groups. */
export interface AccessList {
  /** Subjects of tokens and API keys. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** Entries of a list at most, users and groups together: as many as a token may have groups. */
const mostEntries = 256;

/** What is wrong with a list, as the end of a sentence; undefined where nothing is. */
export function findAccessListFault({ users, groups }: AccessList): string | undefined {
  const count = users.length + groups.length;
  if (count === 0) {
    return 'names nobody, and a document that nobody may see is lost; name users or groups, or leave the acl out for the whole tenant.';
  }
  if (count > mostEntries) return `has ${count} users and groups; at most ${mostEntries} are allowed.`;
  for (const [kind, names] of Object.entries({ users, groups })) {
    const index = names.findIndex((name) => !isUsableText(name));
    if (index >= 0) {
      return `has an entry that can name nobody, number ${index} of ${kind}: a text of 1 to 256 characters without NUL and without half characters is allowed.`;
    }
  }
  return undefined;
}

/** The same list with each name once, in the order of their code units: two lists that permit the same are then equal. */
export function normaliseAccessList({ users, groups }: AccessList): AccessList {
  return { users: [...new Set(users)].sort(), groups: [...new Set(groups)].sort() };
}
