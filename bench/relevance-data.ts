import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A retrieval set: documents, questions, and which documents answer which question how well. */
export interface RetrievalSet {
  readonly name: string;
  readonly documents: readonly { readonly id: string; readonly title: string; readonly text: string }[];
  readonly questions: readonly { readonly id: string; readonly text: string }[];
  /** Relevance, above 0, by question id and document id. */
  readonly judgements: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Reads a set in BEIR's layout: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`. Questions without judgements are left out. */
export function readRetrievalSet(folder: string, name: string): RetrievalSet {
  const lines = (file: string) =>
    readFileSync(join(folder, name, file), 'utf8')
      .split('\n')
      .filter(Boolean);
  const judgements = new Map<string, Map<string, number>>();
  for (const line of lines('qrels.tsv').slice(1)) {
    const [question = '', document = '', relevance = '0'] = line.split('\t');
    if (Number(relevance) <= 0) continue;
    const judged = judgements.get(question) ?? new Map<string, number>();
    judgements.set(question, judged.set(document, Number(relevance)));
  }
  const documents = lines('corpus.jsonl').map((line) => {
    const { _id: id, title, text } = JSON.parse(line) as { _id: string; title?: string; text: string };
    return { id, title: title || id, text };
  });
  const questions = lines('queries.jsonl')
    .map((line) => JSON.parse(line) as { _id: string; text: string })
    .filter(({ _id }) => judgements.has(_id))
    .map(({ _id: id, text }) => ({ id, text }));
  return { name, documents, questions, judgements };
}

/** Normalised discounted cumulative gain of the first ten, 0 to 1 (Järvelin and Kekäläinen, 2002). */
export function ndcgAt10(ranked: readonly string[], judged: ReadonlyMap<string, number>): number {
  const gain = (relevances: readonly number[]) =>
    relevances.slice(0, 10).reduce((sum, relevance, rank) => sum + relevance / Math.log2(rank + 2), 0);
  const ideal = gain([...judged.values()].sort((a, b) => b - a));
  return gain(ranked.map((id) => judged.get(id) ?? 0)) / ideal;
}

/** Share of the relevant documents among the first hundred. */
export function recallAt100(ranked: readonly string[], judged: ReadonlyMap<string, number>): number {
  const found = new Set(ranked.slice(0, 100));
  return [...judged.keys()].filter((id) => found.has(id)).length / judged.size;
}
