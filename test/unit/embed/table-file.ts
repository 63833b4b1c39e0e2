/** Header of a table of two rows and three dimensions. */
export const tinyHeader = {
  name: 'tiny',
  dims: 3,
  vocabSize: 2,
  tokenizer: 'wordpiece-lower',
  scaleType: 'per-row-f32',
  rowType: 'int8',
  normalise: 'l2',
};

/** A STATEMB1 file of two rows, with any part of it replaced. */
export function buildTableFile(header: object = tinyHeader, vocabulary = 'a\n##b', scales = [0.5, 2]): Buffer {
  const headerBytes = Buffer.from(JSON.stringify(header));
  const scaleBytes = Buffer.alloc(4 * scales.length);
  for (const [row, scale] of scales.entries()) scaleBytes.writeFloatLE(scale, 4 * row);
  const rows = Buffer.from(new Int8Array([1, -2, 3, 127, 0, -128]).buffer);
  return Buffer.concat([
    Buffer.from('STATEMB1'),
    lengthBytes(headerBytes.length),
    headerBytes,
    lengthBytes(vocabulary.length),
    Buffer.from(vocabulary),
    scaleBytes,
    rows,
  ]);
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}
