import type { TenantId } from '../../ids.ts';
import { readChoice, readCount, readTenant } from '../argument-values.ts';
import { type Refuse, readArguments, refuseWords } from '../arguments.ts';
import type { Command } from '../command.ts';
import { operator } from '../operator.ts';
import { addModel, listModels, retireModels, switchTo } from './change.ts';
import { compare } from './compare.ts';

const usage = 'tessera models [list|add|compare|cut-over|roll-back|retire] [--tenant ID | --all-tenants] [options]';

const verbs = ['list', 'add', 'compare', 'cut-over', 'roll-back', 'retire'] as const;

export const models: Command = {
  name: 'models',
  help: `${usage}

Moves tenants from one embedding model to another, while they are searched and
written to. The second model is configured by the same variables as the first
with NEXT_ before them; which of the two is a tenant's, the database says.

  list          each tenant's models; this is what it does without a word
  add           have the model of NEXT_EMBEDDER fed by every write from now on,
                and filled by the worker with all that is there
  compare       ask both models the same queries, and print the difference
  cut-over      have searches use the model that was added; both stay current
  roll-back     have them use the one before again
  retire        give up the model that searches do not use, and erase its
                vectors and its graph

  --tenant ID   of this tenant
  --all-tenants of every tenant; cut-over and roll-back do all or none
  --force       even where the model is not complete
  --queries F   compare: queries, one a line; without it what gateways kept
                (SAMPLE_QUERIES), else first sentences of the tenant's passages
  --sample N    compare: how many at most, picked at random; 100 without it
  --min-score S compare: print which score of the added model is like this one
                of the model that is searched, besides round ones; -1 to 1
  --yes         retire: its vectors cannot be brought back

All gateways and workers must have both models configured before "add".
"retire" drops the graph as the owner, where there is MIGRATE_DATABASE_URL, and
leaves that to the worker that has it otherwise.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        'all-tenants': { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        queries: { type: 'string' },
        sample: { type: 'string', default: '100' },
        'min-score': { type: 'string' },
        yes: { type: 'boolean', default: false },
      },
      args,
    );
    const [word = 'list', ...rest] = positionals;
    refuseWords(rest, refuse);
    const verb = readChoice('models', word, verbs, refuse);
    const all = values['all-tenants'];
    if (all && values.tenant !== undefined)
      throw refuse('--tenant and --all-tenants are given; one of them is allowed.');
    if (!all && values.tenant === undefined && verb !== 'list')
      throw refuse(`Which tenant? --tenant${verb === 'compare' ? '' : ' or --all-tenants'} is missing.`);
    if (all && verb === 'compare') throw refuse('"compare" looks at one tenant; --tenant is missing.');
    const tenantId: TenantId | undefined = values.tenant === undefined ? undefined : readTenant(values.tenant, refuse);
    switch (verb) {
      case 'list':
        return listModels(context, operator, tenantId);
      case 'add':
        return addModel(context, operator, tenantId);
      case 'compare': {
        const sample = readCount('--sample', values.sample, [1, 10_000], refuse);
        const minScore = values['min-score'] === undefined ? undefined : readScore(values['min-score'], refuse);
        const tenant = readTenant(values.tenant, refuse);
        return compare(context, operator, tenant, { file: values.queries, sample, minScore });
      }
      case 'cut-over':
        return switchTo(context, operator, { tenantId, direction: 'forward', force: values.force });
      case 'roll-back':
        return switchTo(context, operator, { tenantId, direction: 'back', force: values.force });
      case 'retire':
        if (!values.yes) throw refuse('Vectors that are erased cannot be brought back; --yes is missing.');
        return retireModels(context, operator, { tenantId, force: values.force });
    }
  },
};

/** @throws {UsageError} when it is no cosine. */
function readScore(text: string, refuse: Refuse): number {
  const value = /^-?[01](\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= -1 && value <= 1) return value;
  throw refuse(`--min-score received "${text}"; a number from -1 to 1 such as 0.35 is allowed.`);
}
