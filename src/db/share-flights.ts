import type { Database, ReadStatements } from './database.ts';
import { type FlightPart, fly } from './flight.ts';
import { flyMerged } from './merge-alike.ts';
import type { Scope } from './scope.ts';

interface Waiting {
  readonly part: FlightPart;
  readonly resolve: (rows: unknown[][]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A view of a database whose independent reads of one tick share one flight: twenty searches of one request cost one round
 * trip and hold one connection, and where they are alike they are one statement. Reads of different scopes never share. For one request: it keeps what waits.
 * @param signal aborted when the request is given up: its statements are cancelled, reads and writes.
 */
export function shareFlights(opened: Database, signal?: AbortSignal): Database {
  const database: Database = signal ? { ...opened, signal } : opened;
  const queues = new Map<string, { readonly scope: Scope; readonly waiting: Waiting[] }>();

  const read: ReadStatements = ({ settings, ...scope }, queries) =>
    new Promise((resolve, reject) => {
      const key = JSON.stringify(scope);
      let queue = queues.get(key);
      if (!queue) {
        queue = { scope, waiting: [] };
        queues.set(key, queue);
        setImmediate(depart, key);
      }
      queue.waiting.push({ part: { settings, queries }, resolve, reject });
    });

  async function depart(key: string): Promise<void> {
    const queue = queues.get(key);
    if (!queue) return;
    queues.delete(key);
    const parts = queue.waiting.map(({ part }) => part);
    const answers = await flyMerged(parts, (together) => fly(database, queue.scope, together));
    for (const [index, { resolve, reject }] of queue.waiting.entries()) {
      const answer = answers[index];
      if (answer && 'rows' in answer) resolve(answer.rows);
      else reject(answer?.error);
    }
  }

  return { ...database, read };
}
