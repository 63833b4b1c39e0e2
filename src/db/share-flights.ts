import type { Database, ReadStatements } from './database.ts';
import { type FlightPart, fly } from './flight.ts';
import { flyMerged } from './merge-alike.ts';
import type { Scope } from './scope.ts';

/**
 * Reads that travel together before some of them take a second connection. A connection answers on one core of the server: of
 * fifty searches of one request, half can be answered beside the other half.
 */
const leastOfTwo = 32;

interface Waiting {
  readonly part: FlightPart;
  readonly resolve: (rows: unknown[][]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A view of a database whose independent reads of one tick share one flight: twenty searches of one request cost one round
 * trip and hold one connection, and where they are alike they are one statement; from 32 on they are two flights, side by side.
 * Reads of different scopes never share. For one request: it keeps what waits.
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
    await Promise.all(divide(queue.waiting).map((travellers) => flyTogether(queue.scope, travellers)));
  }

  async function flyTogether(scope: Scope, travellers: readonly Waiting[]): Promise<void> {
    const parts = travellers.map(({ part }) => part);
    const answers = await flyMerged(parts, (together) => fly(database, scope, together));
    for (const [index, { resolve, reject }] of travellers.entries()) {
      const answer = answers[index];
      if (answer && 'rows' in answer) resolve(answer.rows);
      else reject(answer?.error);
    }
  }

  return { ...database, read };
}

/** Who travels with whom: all, or two halves. */
function divide(waiting: readonly Waiting[]): (readonly Waiting[])[] {
  if (waiting.length < leastOfTwo) return [waiting];
  const half = Math.ceil(waiting.length / 2);
  return [waiting.slice(0, half), waiting.slice(half)];
}
