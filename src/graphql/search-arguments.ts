import { decodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';
import { isChunkId, isDocumentId } from '../ids.ts';
import type { ExampleId, SearchInput } from '../search/search-input.ts';
import { readFilter } from './filter-arguments.ts';
import type { SearchInput as SearchInputType } from './search-inputs.ts';

/** Reads a search as GraphQL gives it: ids become documents and chunks, and a filter's nulls are left out. */
export function readSearchInput(input: typeof SearchInputType.$inferInput): SearchInput {
  const { filter, similarTo, recommend, ...rest } = input;
  return {
    ...rest,
    ...(filter && { filter: readFilter(filter) }),
    ...(similarTo != null && { similarTo: readExampleId(String(similarTo)) }),
    ...(recommend && {
      recommend: {
        positive: recommend.positive.map((id) => readExampleId(String(id))),
        negative: (recommend.negative ?? []).map((id) => readExampleId(String(id))),
      },
    }),
  };
}

function readExampleId(globalId: string): ExampleId {
  const { typename, id } = tryDecode(globalId) ?? { typename: '', id: '' };
  if (typename === 'Document' && isDocumentId(id)) return { documentId: id };
  if (typename === 'Chunk' && isChunkId(id)) return { chunkId: id };
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is the id of neither a document nor a chunk. Pass one as a field "id" gave it, unchanged.`,
  );
}

function tryDecode(globalId: string): { typename: string; id: string } | undefined {
  try {
    return decodeGlobalID(globalId);
  } catch {
    return undefined;
  }
}
