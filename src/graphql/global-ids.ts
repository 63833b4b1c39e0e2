import { decodeGlobalID } from '@pothos/plugin-relay';
import { Refusal } from '../errors.ts';

/** Types that `node` fetches. */
const nodeTypes: ReadonlySet<string> = new Set(['Document']);

/**
 * Reads a global id.
 * @throws {Refusal} `BAD_USER_INPUT` for what no field `id` ever gave.
 */
export function readGlobalId(globalId: string): { typename: string; id: string } {
  const decoded = tryDecode(globalId);
  if (decoded && nodeTypes.has(decoded.typename)) return decoded;
  throw new Refusal(
    'BAD_USER_INPUT',
    `${JSON.stringify(globalId.slice(0, 80))} is not a global id. Pass one as a field "id" gave it, unchanged.`,
  );
}

function tryDecode(globalId: string): { typename: string; id: string } | undefined {
  try {
    return decodeGlobalID(globalId);
  } catch {
    return undefined;
  }
}
