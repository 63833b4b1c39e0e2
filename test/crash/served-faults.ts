import type { Model, ModelDocument } from './model.ts';
import type { Sender, Settled } from './sender.ts';

interface Page {
  readonly documents: {
    readonly edges: readonly { readonly node: { id: string; externalId: string; version: number; body: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const pageQuery = `query Page($after: String) {
  documents(first: 100, after: $after) { edges { node { id externalId version body } } pageInfo { hasNextPage endCursor } }
}`;
interface Found {
  readonly search: {
    readonly edges?: readonly { readonly node: { id: string; externalId: string; version: number } }[];
  };
}

const searchQuery = `query Find($text: String!, $externalId: String!) {
  search(input: { text: $text, mode: SEMANTIC, filter: { externalId: { eq: $externalId } } }, first: 1) {
    ... on SearchConnection { edges { node { id } freshness { stale embeddedAt } } }
    ... on Error { code message }
  }
}`;
const jobsQuery = '{ jobs(first: 100) { id status total done failed } }';

/** Pages through a tenant as a caller does. @returns sentences about what differs from what was acknowledged. */
export async function findServedFaults(sender: Sender, token: string, tenant: string, model: Model): Promise<string[]> {
  const there = model.documents.filter((one) => one.tenant === tenant && one.state === 'there');
  const left = new Map(there.map((one) => [one.id, one]));
  const faults: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const { data }: Settled<Page> = await sender.send<Page>(token, pageQuery, { after });
    for (const { node } of data.documents.edges) {
      const known = left.get(node.id);
      if (!known) faults.push(`${node.externalId} is served, again or against what was acknowledged`);
      else if (known.version !== node.version || known.body !== node.body)
        faults.push(`${node.externalId} is served as version ${node.version}, not as what was acknowledged`);
      left.delete(node.id);
    }
    after = data.documents.pageInfo.endCursor;
    more = data.documents.pageInfo.hasNextPage;
  }
  for (const { externalId } of left.values()) faults.push(`${externalId} is not served`);
  const sampled = there.filter((_, index) => index % Math.ceil(there.length / 25) === 0);
  for (const one of sampled) faults.push(...(await findByMeaning(sender, token, one)));
  const { data } = await sender.send<{ jobs: { status: string; total: number; done: number; failed: number }[] }>(
    token,
    jobsQuery,
    {},
  );
  const open = data.jobs.filter(
    ({ status, total, done, failed }) => status !== 'FINISHED' || done !== total || failed > 0,
  );
  if (open.length > 0)
    faults.push(`of ${data.jobs.length} jobs ${open.length} are not done: ${JSON.stringify(open[0])}`);
  return faults;
}

async function findByMeaning(sender: Sender, token: string, { id, externalId, title, body }: ModelDocument) {
  const { data } = await sender.send<{
    search: { edges?: { node: { id: string }; freshness: { stale: boolean; embeddedAt: string | null } }[] };
  }>(token, searchQuery, { text: `${title} ${body}`.slice(0, 200), externalId });
  const [edge] = data.search.edges ?? [];
  const isFresh = edge?.node.id === id && !edge.freshness.stale && edge.freshness.embeddedAt !== null;
  return isFresh ? [] : [`${externalId} is not found by what it says now: ${JSON.stringify(data.search)}`];
}

/**
 * Searches again and again while everything dies and comes back.
 * @throws when a document is found whose deletion was acknowledged before the search was sent, unless it was restored in the
 *   meantime, and deleted again before the answer came.
 */
export async function searchUntil(
  signal: AbortSignal,
  { sender, token, model, nextText }: { sender: Sender; token: string; model: Model; nextText: () => string },
): Promise<number> {
  const query = `query Search($text: String!) {
    search(input: { text: $text }, first: 50) {
      ... on SearchConnection { edges { node { id externalId version } } } ... on Error { code message }
    }
  }`;
  let searches = 0;
  while (!signal.aborted) {
    const gone = new Map(model.deletions);
    const { data } = await sender.send<Found>(token, query, { text: nextText() });
    const back = data.search.edges?.find(({ node: { id } }) => {
      const deletion = gone.get(id);
      return deletion !== undefined && deletion === model.deletions.get(id);
    });
    if (back) throw new Error(`A search found what was deleted: ${JSON.stringify(back.node)}`);
    searches++;
  }
  return searches;
}
