import type { Database, ReadStatements } from './database.ts';
import { type FlightPart, fly } from './flight.ts';
import type { Scope } from './scope.ts';

interface Waiting {
  readonly part: FlightPart;
  readonly resolve: (rows: unknown[][]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A view of a database whose independent reads of one tick share one flight: twenty searches of one request cost one round
 * trip and hold one connection. Reads of different scopes never share. For one request: it keeps what waits.
 */
export function shareFlights(database: Database): Database {
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
    const answers = await fly(
      database,
      queue.scope,
      queue.waiting.map(({ part }) => part),
    );
    for (const [index, { resolve, reject }] of queue.waiting.entries()) {
      const answer = answers[index];
      if (answer && 'rows' in answer) resolve(answer.rows);
      else reject(answer?.error);
    }
  }

  return { ...database, read };
}
