import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'graphql-yoga';

const compressors = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: 4 }),
} as const;

/**
 * Bytes from which an answer is compressed. A server may send ten segments, some 14 KB, before it hears anything (RFC
 * 6928), so what is smaller takes one trip either way, and a search's first page costs no compressing.
 */
const fromBytes = 16_384;

/** Compresses large answers in what the client accepts of Brotli and gzip, outside the main thread. */
export function useCompression(): Plugin {
  return {
    // Nothing is awaited, and no promise made, for an answer that is sent as it is.
    onResponse: ({ request, response, setResponse, fetchAPI }) => {
      const { headers } = response;
      if (!(Number(headers.get('content-length')) >= fromBytes) || headers.has('content-encoding')) return undefined;
      headers.append('vary', 'Accept-Encoding');
      const encoding = chooseEncoding(request.headers.get('accept-encoding'));
      if (!encoding) return undefined;
      return compress(response, encoding).then((bytes) => {
        headers.set('content-encoding', encoding);
        headers.set('content-length', `${bytes.byteLength}`);
        const { status, statusText } = response;
        setResponse(new fetchAPI.Response(bytes, { status, statusText, headers }));
      });
    },
  };
}

async function compress(response: Response, encoding: keyof typeof compressors): Promise<Uint8Array<ArrayBuffer>> {
  return compressors[encoding](new Uint8Array(await response.arrayBuffer()));
}

/** The better of the encodings that the client names and does not weigh with 0. */
function chooseEncoding(accepted: string | null): keyof typeof compressors | undefined {
  if (!accepted) return undefined;
  const wanted = new Set(
    accepted
      .toLowerCase()
      .split(',')
      .map((part) => part.trim().split(/\s*;\s*q=/))
      .filter(([, weight]) => weight === undefined || Number(weight) > 0)
      .map(([name]) => name),
  );
  if (wanted.has('br')) return 'br';
  return wanted.has('gzip') ? 'gzip' : undefined;
}
