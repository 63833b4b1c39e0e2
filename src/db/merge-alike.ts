import type { FlightAnswer, FlightPart } from './flight.ts';
import type { Query } from './query.ts';

type Fly = (parts: readonly FlightPart[]) => Promise<FlightAnswer[]>;

/** Parts that travel as one, by their places among all. */
interface Group {
  readonly places: readonly number[];
  readonly part: FlightPart;
}

/**
 * Flies parts with as few statements as it takes: those that are alike travel as one. Where such a one fails, its parts fly
 * again by themselves, so that none fails for another's sake.
 * @returns one answer per part, in order.
 */
export async function flyMerged(parts: readonly FlightPart[], fly: Fly): Promise<FlightAnswer[]> {
  const groups = parts.length > 1 ? group(parts) : [];
  if (groups.length === parts.length || groups.length === 0) return fly(parts);
  const answers = await fly(groups.map(({ part }) => part));
  const settled: FlightAnswer[] = [];
  const again: number[] = [];
  for (const [at, { places }] of groups.entries()) {
    const answer = answers[at] as FlightAnswer;
    if (places.length > 1 && 'error' in answer) {
      again.push(...places);
      continue;
    }
    for (const [index, place] of places.entries()) {
      settled[place] = places.length > 1 ? ownRows(parts[place], answer, index) : answer;
    }
  }
  const apart = again.length > 0 ? await fly(again.map((place) => parts[place] as FlightPart)) : [];
  for (const [index, place] of again.entries()) settled[place] = apart[index] as FlightAnswer;
  return settled;
}

function group(parts: readonly FlightPart[]): Group[] {
  const alike = Map.groupBy(parts.keys(), (place) => likenessOf(parts[place]) ?? place);
  return [...alike.values()].map((places) => {
    const [first] = places.map((place) => parts[place] as FlightPart) as [FlightPart];
    if (places.length === 1) return { places, part: first };
    const queries = places.map((place) => parts[place]?.queries[0] as Query);
    const merged = queries[0]?.merge?.query(queries) as Query;
    return { places, part: { settings: first.settings, queries: [merged] } };
  });
}

/** Undefined for a part that is like no other. */
function likenessOf(part: FlightPart | undefined): string | undefined {
  const [only, ...more] = part?.queries ?? [];
  if (more.length > 0 || !only?.merge) return undefined;
  return JSON.stringify(part?.settings ?? {}) + only.merge.likeness();
}

function ownRows(part: FlightPart | undefined, answer: FlightAnswer, index: number): FlightAnswer {
  if ('error' in answer) return answer;
  return { rows: [part?.queries[0]?.merge?.rowsOf(answer.rows[0] ?? [], index) ?? []] };
}
