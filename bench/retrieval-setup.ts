import type pg from 'pg';
import type { BenchDatabase, BenchServer } from './bench-server.ts';
import type { EmbeddingServer } from './embedding-server.ts';
import { type GatewayChild, startGateway } from './gateway-child.ts';
import type { Question } from './questions.ts';
import type { SizeClass, SizeClassName } from './size-classes.ts';

/** What the measurements of one run share. */
export interface RetrievalBench {
  readonly server: BenchServer;
  readonly database: BenchDatabase;
  readonly superuser: pg.Client;
  readonly modelId: number;
  readonly classes: readonly SizeClass[];
  readonly questions: ReadonlyMap<SizeClassName, readonly Question[]>;
  readonly embedding: EmbeddingServer;
  readonly gateway: GatewayChild;
}

/** Starts another gateway like the bench's own, on another URL. */
export function anotherGateway(
  { embedding }: Pick<RetrievalBench, 'embedding'>,
  databaseUrl: string,
): Promise<GatewayChild> {
  return startGateway({ databaseUrl, embeddingUrl: embedding.url });
}

/** @throws when there is no such class, which no scale leaves out. */
export function questionsOf({ questions }: RetrievalBench, name: SizeClassName): readonly Question[] {
  const found = questions.get(name);
  if (!found?.length) throw new Error(`There are no questions for the tenants of ${name} chunks.`);
  return found;
}
