import { asOwner } from '../../db/owner-connection.ts';
import { checkEmbedder } from '../../doctor/check-embedder.ts';
import type { Finding } from '../../doctor/finding.ts';
import { StartupError } from '../../errors.ts';
import { builderStatement } from '../../tiers/index-statements.ts';
import { readTenant } from '../argument-values.ts';
import { readArguments, refuseWords } from '../arguments.ts';
import type { Command } from '../command.ts';
import { examine } from './examine.ts';
import { probeEmbedder } from './probe-embedder.ts';
import { formatFindings } from './report.ts';

const usage = 'tessera doctor [--json] [--tenant ID] [--strict]';

export const doctor: Command = {
  name: 'doctor',
  help: `${usage}

Looks at the database of DATABASE_URL as the gateway's login, at the outbox as
the worker's (WORKER_DATABASE_URL), and whether the owner's connection
(MIGRATE_DATABASE_URL) can keep indexes, where those are set, and has one short
text embedded by each configured model. Changes nothing.
Says what it found, one line each, and what to do about it.

  --json        print an array of findings: check, level, found, fix
  --tenant ID   ask for this tenant's plans; without it, for those of the
                largest, the median and the smallest tenant
  --strict      warnings count as faults

Exit code 1 when there is a fault, otherwise 0. docs/operations.md explains
every check.`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        json: { type: 'boolean', default: false },
        tenant: { type: 'string' },
        strict: { type: 'boolean', default: false },
      },
      args,
    );
    refuseWords(positionals, refuse);
    const tenantId = values.tenant === undefined ? undefined : readTenant(values.tenant, refuse);
    const config = context.config();
    if (config.mode === 'embedded') {
      throw new StartupError('There is no DATABASE_URL, and "tessera doctor" looks at a PostgreSQL server.');
    }
    const probed = [];
    for (const one of [config.embedder, config.nextEmbedder]) if (one) probed.push(await probeEmbedder(one));
    const findings = await examine(config, tenantId, probed);
    const { migrateUrl } = config.database;
    findings.push(...(migrateUrl ? await checkOwner(migrateUrl.reveal()) : []));
    findings.push(...probed.flatMap(checkEmbedder));
    if (values.json) context.print(JSON.stringify(findings, null, 2));
    else for (const line of formatFindings(findings, context.stdout.isTTY)) context.print(line);
    const bad = findings.filter(({ level }) => level === 'fault' || (values.strict && level === 'warning')).length;
    if (bad > 0) throw new StartupError(bad === 1 ? '1 thing is wrong.' : `${bad} things are wrong.`);
  },
};

/** Whether tiers can be kept over the owner's connection. */
async function checkOwner(url: string): Promise<Finding[]> {
  const check = 'owner';
  const { rows } = await asOwner(url, (owner) =>
    owner.query<{ mayBuild: boolean; login: string }>(builderStatement().compile().sql),
  );
  const login = rows[0]?.login ?? '';
  if (rows[0]?.mayBuild) return [{ check, level: 'ok', found: `${login} owns the tables and may build indexes` }];
  const fix = 'Set MIGRATE_DATABASE_URL to the login that ran "tessera migrate".';
  return [{ check, level: 'fault', found: `${login} does not own the tables, so tiers are not kept`, fix }];
}
