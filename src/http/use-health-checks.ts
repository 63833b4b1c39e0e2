import type { Plugin } from 'graphql-yoga';
import type { Logger } from '../log.ts';
import { currentRequestId } from './use-request-id.ts';

/** Resolves when requests can be answered; rejects when they cannot. */
export type ReadyCheck = () => Promise<void>;

/**
 * `/health`: the process lives. `/ready`: it can answer, database included; 503 otherwise, without the reason, which is
 * nobody's business outside and is in the log.
 */
export function useHealthChecks(isReady: ReadyCheck, log: Logger): Plugin {
  return {
    onRequest: async ({ url, endResponse, fetchAPI }) => {
      if (url.pathname === '/health') endResponse(fetchAPI.Response.json({ status: 'alive' }));
      if (url.pathname !== '/ready') return;
      const ready = await isReady().then(
        () => true,
        (error: unknown) => {
          log.warn({ err: error, requestId: currentRequestId() }, 'not ready');
          return false;
        },
      );
      endResponse(fetchAPI.Response.json({ status: ready ? 'ready' : 'not ready' }, { status: ready ? 200 : 503 }));
    },
  };
}
