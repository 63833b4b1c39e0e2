import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Database } from '../db/database.ts';
import { StartupError } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { calibrate } from '../recall/calibrate.ts';
import { curveSvg } from '../recall/curve-svg.ts';
import { curveDrawing, curveTable } from '../recall/curve-text.ts';
import type { SampledQuery } from '../recall/recall-statements.ts';
import { readTierStatus, type TenantTier } from '../tiers/read-tier-status.ts';
import { readChoice, readCount, readTenant } from './argument-values.ts';
import { readArguments, refuseWords } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { openGatewayDatabase } from './databases.ts';
import { formatCount } from './format.ts';
import { interruption } from './interruption.ts';
import { tuneCrossover } from './tune-crossover.ts';
import { profileLines } from './tune-profiles.ts';
import { leastQueries, openKeptQueries } from './tune-queries.ts';

const usage =
  'tessera tune [--tenant ID | --all] [--candidate] [--queries own|samples] [--sample N] [--svg FILE] [--build]';

export const tune: Command = {
  name: 'tune',
  help: `${usage}

Measures what searches find and how long they take, with the tenant's own
vectors as queries, and stores the curve: from then on a search that asks for a
recall gets the quickest setting that was measured to reach it. Prints a table
and the curve. Where a tenant has a graph, it also measures from which size on a
graph is worth it on this server, and stores that.

  --tenant ID   whose searches; without it, the largest tenant's
  --all         every tenant's
  --candidate   of the model that was added beside the one that is searched, so
                that its curve is there before "tessera models cut-over"
  --queries Q   what serves as queries: own, the tenant's vectors, or samples,
                the queries that gateways kept (SAMPLE_QUERIES); own without it
  --sample N    how many of them at most, 10 to 10000; 200 without it
  --svg FILE    also draw the curve into this file; with --all, one a tenant
  --build       where no tenant has a graph, build one for the largest to
                measure that size with, as the owner (MIGRATE_DATABASE_URL)`,
  async run(context, args) {
    const { values, positionals, refuse } = readArguments(
      usage,
      {
        tenant: { type: 'string' },
        all: { type: 'boolean', default: false },
        candidate: { type: 'boolean', default: false },
        queries: { type: 'string', default: 'own' },
        sample: { type: 'string', default: '200' },
        svg: { type: 'string' },
        build: { type: 'boolean', default: false },
      },
      args,
    );
    refuseWords(positionals, refuse);
    if (values.all && values.tenant !== undefined)
      throw refuse('--tenant and --all are given; one of them is allowed.');
    const asked = values.tenant === undefined ? undefined : readTenant(values.tenant, refuse);
    const sample = readCount('--sample', values.sample, [leastQueries, 10_000], refuse);
    const origin = readChoice('--queries', values.queries, ['own', 'samples'], refuse);
    const { database } = await openGatewayDatabase(context.config(), context.logger());
    try {
      if (!values.candidate) await tuneCrossover(context, database, { build: values.build });
      const role = values.candidate ? 'candidate' : 'active';
      const readKept = origin === 'samples' ? await openKeptQueries(context, database) : undefined;
      for (const one of await chooseTenants(database, asked, values.all, role)) {
        const queries = await readKept?.(one.tenantId, role, sample);
        if (readKept && !queries) {
          const few = `${one.tenantId}: fewer than ${leastQueries} of its queries were kept. Gateways with SAMPLE_QUERIES above 0 keep some.`;
          if (!values.all) throw new StartupError(few);
          context.note(few);
          continue;
        }
        await tuneTenant(context, database, one, {
          sample,
          queries,
          file: svgFile(values.svg, one.tenantId, values.all),
        });
      }
    } catch (error) {
      if (!context.signal.aborted) throw error;
      throw interruption(context.signal, 'Stopped. What was measured of this tenant before is kept.');
    } finally {
      await database.close();
    }
  },
};

type Tuned = Pick<TenantTier, 'tenantId'> & { readonly modelId?: number };

async function chooseTenants(
  database: Database,
  asked: TenantId | undefined,
  all: boolean,
  wanted: TenantTier['role'],
): Promise<readonly Tuned[]> {
  if (asked && wanted === 'active') return [{ tenantId: asked }];
  const { tenants } = await readTierStatus(database);
  const measurable = tenants.filter(
    ({ role, chunks, tenantId }) => role === wanted && chunks > 1 && (asked ?? tenantId) === tenantId,
  );
  if (measurable.length === 0) throw new StartupError('No tenant has vectors yet, so there is nothing to measure.');
  return measurable.slice(0, all ? undefined : 1);
}

interface TuneOptions {
  readonly sample: number;
  /** What people asked; the tenant's own vectors without it. */
  readonly queries: readonly SampledQuery[] | undefined;
  readonly file: string | undefined;
}

async function tuneTenant(
  context: CommandContext,
  database: Database,
  { tenantId, modelId }: Tuned,
  { sample, queries, file }: TuneOptions,
): Promise<void> {
  const { stderr, signal } = context;
  const onProgress = (share: number) => stderr.write(`\r${tenantId}: ${Math.round(100 * share)} % measured `);
  const curve = await calibrate({ database }, tenantId, {
    sample,
    ...(queries && { queries }),
    modelId,
    signal,
    ...(stderr.isTTY && { onProgress }),
  });
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  context.print(
    `\n${tenantId}: ${formatCount(curve.chunks)} chunks, tier ${curve.tier}, ${formatCount(curve.sample)} queries${queries ? ' that were searched' : ''}\n`,
  );
  for (const line of [...curveTable(curve), '', ...curveDrawing(curve), '', ...profileLines(curve)])
    context.print(line);
  if (file === undefined) return;
  await writeFile(file, curveSvg(tenantId, curve));
  context.print(`\nThe curve is drawn in ${file}.`);
}

function svgFile(file: string | undefined, tenantId: TenantId, all: boolean): string | undefined {
  if (file === undefined || !all) return file;
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}-${tenantId}${extension}`;
}
