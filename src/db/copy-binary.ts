import type pg from 'pg';

/** PostgreSQL's connection as `pg` has it inside: the part that COPY needs, which its types leave out. */
interface CopyConnection {
  readonly stream: { writableNeedDrain: boolean; once(event: 'drain', listener: () => void): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);
/** Rows are sent in pieces of about this size. */
const pieceBytes = 256 * 1024;

/** Fields of a row in PostgreSQL's binary formats, in the order of the columns; null for NULL. */
export type BinaryRow = readonly (Buffer | null)[];

/**
 * Writes rows with `COPY ... FROM STDIN (FORMAT BINARY)`.
 * @param client without pipelining.
 * @param target table and columns, such as `t (a, b)`.
 * @throws what PostgreSQL says of the rows; what the iteration of `rows` throws.
 */
export function copyBinary(client: Pick<pg.Client, 'query'>, target: string, rows: Iterable<BinaryRow>): Promise<void> {
  return new Promise((resolve, reject) => {
    const submittable = {
      submit: (connection: CopyConnection) => connection.query(`copy ${target} from stdin (format binary)`),
      handleCopyInResponse: (connection: CopyConnection) => {
        sendRows(connection, rows).catch((error: Error) => {
          reject(error);
          connection.sendCopyFail(error.message);
        });
      },
      // At once: where the connection was lost, nothing else comes.
      handleError: reject,
      handleReadyForQuery: () => resolve(),
      handleCommandComplete: () => {},
    };
    client.query(submittable as unknown as pg.Submittable);
  });
}

async function sendRows(connection: CopyConnection, rows: Iterable<BinaryRow>): Promise<void> {
  let parts: Buffer[] = [head];
  let size = 0;
  const send = async () => {
    connection.sendCopyFromChunk(Buffer.concat(parts));
    [parts, size] = [[], 0];
    if (connection.stream.writableNeedDrain) {
      await new Promise<void>((resolve) => connection.stream.once('drain', resolve));
    }
  };
  for (const row of rows) {
    parts.push(shortField(row.length));
    for (const field of row) {
      if (field === null) {
        parts.push(nullField);
        size += 4;
      } else {
        parts.push(integerField(field.length), field);
        size += 4 + field.length;
      }
    }
    if (size > pieceBytes) await send();
  }
  parts.push(trailer);
  await send();
  connection.endCopyFrom();
}

/** A `smallint`. */
export function shortField(value: number): Buffer {
  const field = Buffer.allocUnsafe(2);
  field.writeInt16BE(value);
  return field;
}

/** An `integer`. */
export function integerField(value: number): Buffer {
  const field = Buffer.allocUnsafe(4);
  field.writeInt32BE(value);
  return field;
}

const nullField = integerField(-1);

/** A `timestamptz`: microseconds since the year 2000. */
export function timestampField(value: Date): Buffer {
  const field = Buffer.allocUnsafe(8);
  field.writeBigInt64BE(BigInt(value.getTime() - Date.UTC(2000, 0, 1)) * 1000n);
  return field;
}

/** A `uuid`. */
export function uuidField(value: string): Buffer {
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}
