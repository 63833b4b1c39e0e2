import type { Plugin } from 'graphql-yoga';
import { isLoopback } from '../config/loopback.ts';

/**
 * Answers requests to this machine's own names only. Any site can have its name point at 127.0.0.1 and its page then reads
 * what a gateway there hands out, tokens for example (DNS rebinding); the browser still sends that name in `Host`.
 */
export function useLocalHosts(): Plugin {
  return {
    onRequest: ({ request, endResponse, fetchAPI }) => {
      if (!isForThisMachine(request)) endResponse(new fetchAPI.Response(null, { status: 421 }));
    },
  };
}

/** True for a loopback name or address, with any port; and for a request of this process, which has no `Host`. */
export function isForThisMachine({ headers }: Request): boolean {
  const host = headers.get('host');
  if (host === null) return true;
  // The rest of a URL is no host, and neither is a user in front of one.
  const url = /[/?#@\\\s]/.test(host) ? null : URL.parse(`http://${host}`);
  return url !== null && isLoopback(url.hostname);
}
