import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { StartupError } from '../../errors.ts';
import { type FileFacts, readFileFacts } from './progress-file.ts';

/** Vectors beside a file: float32, little endian, one after the other. */
export interface VectorFile {
  readonly facts: FileFacts;
  readonly rows: number;
  /** The components of one vector; undefined behind the end. Quickest in order. */
  read(row: number): Promise<Float32Array | undefined>;
  close(): Promise<void>;
}

const blockBytes = 1024 * 1024;

/**
 * @param dimensions of the model.
 * @throws {StartupError} when it cannot be read, or does not hold whole vectors.
 */
export async function openVectorFile(path: string, dimensions: number): Promise<VectorFile> {
  const facts = await readFileFacts(path);
  const rowBytes = 4 * dimensions;
  if (facts.sizeBytes % rowBytes !== 0)
    throw new StartupError(
      `${path} has ${facts.sizeBytes} bytes, which is no number of vectors: the model's have ${dimensions} components of 4 bytes.`,
    );
  const file = await open(path);
  const rowsOfBlock = Math.max(1, Math.floor(blockBytes / rowBytes));
  let block: { first: number; bytes: Buffer } | undefined;
  return {
    facts,
    rows: facts.sizeBytes / rowBytes,
    async read(row) {
      const first = row - (row % rowsOfBlock);
      if (block?.first !== first)
        block = { first, bytes: await readBlock(file, first * rowBytes, rowsOfBlock * rowBytes) };
      const at = (row - first) * rowBytes;
      if (at + rowBytes > block.bytes.length) return undefined;
      // Copied, because a view must begin at a multiple of four bytes, and to be turned round where the machine needs it.
      const bytes = Uint8Array.prototype.slice.call(block.bytes, at, at + rowBytes);
      if (endianness() === 'BE') Buffer.from(bytes.buffer).swap32();
      return new Float32Array(bytes.buffer);
    },
    close: () => file.close(),
  };
}

async function readBlock(file: FileHandle, position: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await file.read(bytes, filled, sizeBytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
