import type { Command } from './command.ts';

interface CommandEntry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A command's code is read when it is named: all of it takes 0.7 s, and a token or a word of help need not. */
  load(): Promise<Command>;
}

/** Every word behind `tessera`, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'Run the gateway; without DATABASE_URL, with an embedded database.',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'work',
    summary: 'Run a worker, which embeds what was written.',
    load: async () => (await import('./work.ts')).work,
  },
  {
    name: 'migrate',
    summary: 'Bring the database schema up to date, or show how far it is.',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  {
    name: 'demo',
    summary: 'Load the demo tenants into the database of DATABASE_URL.',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'ingest',
    summary: 'Store the documents of a file of JSON lines.',
    load: async () => (await import('./ingest/ingest.ts')).ingest,
  },
  {
    name: 'attach',
    summary: 'Keep the rows of a table of an application as documents.',
    load: async () => (await import('./attach.ts')).attach,
  },
  {
    name: 'detach',
    summary: 'Stop following a table.',
    load: async () => (await import('./detach.ts')).detach,
  },
  {
    name: 'define',
    summary: "Declare a collection's language and filterable attributes.",
    load: async () => (await import('./define.ts')).define,
  },
  {
    name: 'search',
    summary: "Search a tenant's documents from the terminal.",
    load: async () => (await import('./search.ts')).search,
  },
  {
    name: 'tiers',
    summary: 'Show how tenants are indexed, or change it as their size asks for.',
    load: async () => (await import('./tiers.ts')).tiers,
  },
  {
    name: 'tune',
    summary: 'Measure recall and latency, for searches that ask for a recall.',
    load: async () => (await import('./tune.ts')).tune,
  },
  {
    name: 'models',
    summary: 'Move tenants from one embedding model to another.',
    load: async () => (await import('./models/models.ts')).models,
  },
  {
    name: 'doctor',
    summary: 'Look at a database for what is wrong with it, and say what mends it.',
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  {
    name: 'reconcile',
    summary: 'Find documents, chunks and vectors out of step, and mend them.',
    load: async () => (await import('./reconcile.ts')).reconcile,
  },
  {
    name: 'token',
    summary: "Sign a token for a tenant's user, or revoke one.",
    load: async () => (await import('./token.ts')).token,
  },
  {
    name: 'key',
    summary: "Make, list and revoke a tenant's API keys.",
    load: async () => (await import('./key.ts')).key,
  },
  {
    name: 'tenant',
    summary: 'Create, suspend, delete, list, export and import tenants.',
    load: async () => (await import('./tenant/tenant.ts')).tenant,
  },
  {
    name: 'limits',
    summary: 'Show and change what a tenant may use.',
    load: async () => (await import('./limits.ts')).limits,
  },
  {
    name: 'schema',
    summary: 'Print the GraphQL schema.',
    load: async () => (await import('./schema.ts')).schema,
  },
];
