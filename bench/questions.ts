import type pg from 'pg';
import { vectorParameter } from '../src/db/vector-parameter.ts';
import { createRandom } from './random.ts';
import type { SizeClass, SizeClassName } from './size-classes.ts';
import { createTextSource } from './text-source.ts';
import { questionVector } from './vector-source.ts';

/** Something to search for in one tenant. */
export interface Question {
  readonly tenantId: string;
  /** Words for the keyword half; the same text is what the embedding is asked for. */
  readonly text: string;
  /** Unit length, all components. */
  readonly vector: Float32Array;
}

const seed = 21;
/** Tenants of a class that are asked. */
const askedTenants = 10;

/** Questions about chunks of each class's first tenants, in turn. */
export async function makeQuestions(
  superuser: pg.Client,
  classes: readonly SizeClass[],
  count: number,
): Promise<Map<SizeClassName, Question[]>> {
  const random = createRandom(seed);
  const text = createTextSource(seed);
  const questions = new Map<SizeClassName, Question[]>();
  for (const { name, tenants } of classes) {
    const asked = tenants.slice(0, askedTenants);
    const perTenant = Math.ceil(count / asked.length);
    const made: Question[] = [];
    for (const { id } of asked) {
      const { rows } = await superuser.query<{ bytes: Buffer }>(
        `select vector_send(full_vector) as bytes from tessera.embeddings where tenant_id = $1
         order by md5(chunk_id::text) limit $2`,
        [id, perTenant],
      );
      for (const { bytes } of rows) {
        const vector = questionVector(readVector(bytes), random);
        made.push({ tenantId: id, text: `${text.question()} ${made.length}x`, vector });
      }
    }
    questions.set(name, made.slice(0, count));
  }
  return questions;
}

function readVector(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.readUInt16BE(0) }, (_, i) => bytes.readFloatBE(4 + 4 * i));
}

/** Ids of the ten nearest chunks, at full precision over every chunk of the tenant. */
export async function trueNearest(superuser: pg.Client, { tenantId, vector }: Question): Promise<string[]> {
  const { rows } = await superuser.query<{ id: string }>(
    `select chunk_id as id from tessera.embeddings where tenant_id = $1
     order by (full_vector <#> $2::vector) + 0 limit 10`,
    [tenantId, vectorParameter(vector)],
  );
  return rows.map(({ id }) => id);
}
