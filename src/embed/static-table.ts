import { z } from 'zod';
import { StartupError } from '../errors.ts';

/** A static embedding table: one vector for each piece of a word. */
export interface StaticTable {
  /** Name that the table gives itself, such as `static-en-512`. */
  readonly name: string;
  readonly dimensions: number;
  /** Pieces, in row order. A leading `##` marks one that continues a word. */
  readonly vocabulary: readonly string[];
  /** Factor of each row. */
  readonly scales: Float32Array;
  /** Row-major, `dimensions` components a row. */
  readonly rows: Int8Array;
}

const magic = 'STATEMB1';

/** Only what this reader can compute with; a table of another kind needs another reader. */
const headerSchema = z.object({
  name: z.string().min(1),
  dims: z.int().min(1),
  vocabSize: z.int().min(1),
  tokenizer: z.literal('wordpiece-lower'),
  scaleType: z.literal('per-row-f32'),
  rowType: z.literal('int8'),
  normalise: z.literal('l2'),
});

/**
 * Reads a STATEMB1 file, little endian: magic, header length and JSON header, vocabulary length and vocabulary (one entry
 * a line), a float32 scale for each row, the int8 rows. The rows are a view of `file`, not a copy.
 * @throws {StartupError} when the file is of another kind, damaged, or of a variant that this reader does not know.
 */
export function parseStaticTable(file: Buffer): StaticTable {
  const received = file.toString('latin1', 0, magic.length);
  if (received !== magic) {
    throw refused(`it begins with ${JSON.stringify(received)}, and a table begins with "${magic}"`);
  }
  const headerSection = readSection(file, magic.length, 'header');
  const header = parseHeader(headerSection.text);
  const vocabularySection = readSection(file, headerSection.end, 'vocabulary');
  const vocabulary = vocabularySection.text.split('\n');
  checkVocabulary(vocabulary, header.vocabSize);

  const scalesStart = vocabularySection.end;
  const rowsStart = scalesStart + 4 * header.vocabSize;
  const expectedBytes = rowsStart + header.vocabSize * header.dims;
  if (file.length !== expectedBytes) {
    throw refused(`it has ${file.length} bytes, and its header implies ${expectedBytes}`);
  }
  return {
    name: header.name,
    dimensions: header.dims,
    vocabulary,
    scales: readScales(file, scalesStart, header.vocabSize),
    rows: new Int8Array(file.buffer, file.byteOffset + rowsStart, header.vocabSize * header.dims),
  };
}

function readSection(file: Buffer, lengthAt: number, what: string): { text: string; end: number } {
  const start = lengthAt + 4;
  const end = start + (start <= file.length ? file.readUInt32LE(lengthAt) : 0);
  if (start > file.length || end > file.length) throw refused(`it ends at byte ${file.length}, inside its ${what}`);
  return { text: file.toString('utf8', start, end), end };
}

function parseHeader(json: string): z.infer<typeof headerSchema> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw refused('its header is not JSON', { cause });
  }
  const header = headerSchema.safeParse(parsed);
  if (header.success) return header.data;
  const faults = header.error.issues.map((issue) => `${issue.path.join('.') || 'the header'}: ${issue.message}`);
  throw refused(`its header does not fit (${faults.join('; ')})`);
}

function checkVocabulary(vocabulary: readonly string[], expectedSize: number): void {
  if (vocabulary.length !== expectedSize) {
    throw refused(`its vocabulary has ${vocabulary.length} entries, and its header says ${expectedSize}`);
  }
  if (new Set(vocabulary).size !== expectedSize) throw refused('its vocabulary names an entry twice');
}

/** Copied, because the section is not aligned to four bytes. */
function readScales(file: Buffer, start: number, count: number): Float32Array {
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const scale = file.readFloatLE(start + 4 * row);
    if (!Number.isFinite(scale)) throw refused(`the scale of its row ${row} is ${scale}, and must be a finite number`);
    scales[row] = scale;
  }
  return scales;
}

function refused(reason: string, options?: ErrorOptions): StartupError {
  return new StartupError(`The embedding table cannot be used: ${reason}.`, options);
}
