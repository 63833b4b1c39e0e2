import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Database, readInFlight } from '../../db/database.ts';
import { samplerScope } from '../../db/scope.ts';
import { StartupError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import { sampledQueriesStatement } from '../../recall/query-sample-statements.ts';
import { sampleTextsStatement } from '../../recall/recall-statements.ts';
import { measuringScope } from '../../recall/timed-read.ts';
import { formatCount } from '../format.ts';

/** Texts that are asked, and whose they are. */
export interface ChosenQueries {
  readonly texts: readonly string[];
  readonly origin: 'searches' | 'file' | 'passages';
  /** How many there were to choose from; undefined where it was not counted. */
  readonly of: number | undefined;
}

/** The same queries each time, so that one comparison can be held beside another. */
const seed = 1;

/**
 * Picks queries at random: of a file with one a line, else of those that gateways kept, else, where there are none, first
 * sentences of the tenant's own passages.
 * @throws {StartupError} where the file cannot be read, or there are none at all.
 */
export async function chooseQueries(
  database: Database,
  tenantId: TenantId,
  { file, sample }: { readonly file: string | undefined; readonly sample: number },
): Promise<ChosenQueries> {
  const chosen =
    file === undefined ? await chooseOwn(database, tenantId, sample) : pickLines(await readLines(file), sample);
  if (chosen.texts.length === 0) throw new StartupError('There are no queries to ask.');
  return chosen;
}

/** Those that gateways kept. */
export async function chooseSampled(database: Database, tenantId: TenantId, sample: number): Promise<ChosenQueries> {
  const kept = sampledQueriesStatement(tenantId, sample, seed);
  const [rows] = await readInFlight(database, samplerScope(tenantId), [kept]);
  return { texts: rows.map(({ text }) => text), origin: 'searches', of: rows[0]?.kept ?? 0 };
}

/** Such as `40 of 212`, under a label that says of what. */
export function describeOrigin({ origin, texts, of }: ChosenQueries): {
  readonly label: string;
  readonly count: string;
} {
  const asked = formatCount(texts.length);
  const labels = {
    searches: 'queries that were searched',
    file: 'queries of the file',
    passages: 'sentences of passages',
  };
  return { label: labels[origin], count: of === undefined ? asked : `${asked} of ${formatCount(of)}` };
}

async function chooseOwn(database: Database, tenantId: TenantId, sample: number): Promise<ChosenQueries> {
  const sampled = await chooseSampled(database, tenantId, sample);
  if (sampled.texts.length > 0) return sampled;
  const sentences = sampleTextsStatement(tenantId, sample, seed);
  const [rows] = await readInFlight(database, measuringScope(tenantId), [sentences]);
  return { texts: rows.map(({ text }) => text), origin: 'passages', of: undefined };
}

async function readLines(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new StartupError(`${file} cannot be read.`, { cause: error });
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
}

function pickLines(lines: readonly string[], sample: number): ChosenQueries {
  const drawn = lines.map((line, index) => ({
    line,
    draw: createHash('sha256').update(`${seed} ${index} ${line}`).digest('hex'),
  }));
  drawn.sort((a, b) => (a.draw < b.draw ? -1 : 1));
  return { texts: drawn.slice(0, sample).map(({ line }) => line), origin: 'file', of: lines.length };
}
