import { counted } from '../counted.ts';
import { type Finding, orOk } from './finding.ts';

/** Of the outbox, the chunks that wait for vectors of models that searches look at, or of the others. */
export interface JobFacts {
  readonly waiting: number;
  /** Since the oldest was written, in seconds; 0 where nothing waits. */
  readonly oldestSeconds: number;
  /** Jobs that failed at least {@link manyAttempts} times. */
  readonly failing: number;
  /** Dead letters: chunks that the provider refused for good. */
  readonly dead: number;
}

/** Five failures in a row are put off for half a minute by then, and are no hiccup. */
export const manyAttempts = 5;
const [warnAfterSeconds, faultAfterSeconds] = [600, 3_600];
const check = 'jobs';
const none: JobFacts = { waiting: 0, oldestSeconds: 0, failing: 0, dead: 0 };

/**
 * Whether what was written is embedded. A chunk that waits is found by its words and not by its meaning.
 * @param beside what waits for models that no search looks at, such as a candidate that is being filled: it leaves no search
 *   short, and is a queue by intention. Only what stands still for an hour, for which a filling queues too little, is told.
 */
export function checkJobs(
  { waiting, oldestSeconds, failing, dead }: JobFacts = none,
  beside: JobFacts = none,
): Finding[] {
  const findings: Finding[] = [];
  if (oldestSeconds >= warnAfterSeconds) {
    findings.push({
      check,
      level: oldestSeconds >= faultAfterSeconds ? 'fault' : 'warning',
      found: `${waitingFor(waiting)}, the oldest for ${minutes(oldestSeconds)}`,
      fix: 'Look whether a worker runs ("tessera work") and what it logs; start more of them to catch up.',
    });
  }
  if (failing > 0) {
    findings.push({
      check,
      level: 'warning',
      found: `${counted(failing, 'chunk')} failed ${manyAttempts} times or more`,
      fix: lookAtErrors,
    });
  }
  if (dead > 0) {
    findings.push({
      check,
      level: 'warning',
      found: `the embedding service refused ${counted(dead, 'chunk for good: it is found by its words only', 'chunks for good: they are found by their words only')}`,
      fix: 'Look at the reasons with the query "deadLetters" as the tenant; send them again with the mutation "requeue".',
    });
  }
  const usual =
    waiting === 0 ? 'nothing waits for its vector' : `${counted(waiting, 'chunk waits', 'chunks wait')}, none for long`;
  const apart =
    beside.waiting === 0 ? '' : `; ${counted(beside.waiting, 'chunk waits', 'chunks wait')} for ${besideName}`;
  return orOk([...findings, ...checkBeside(beside)], check, `${usual}${apart}`);
}

const besideName = 'a model beside the active one';
const lookAtErrors =
  'Look at last_error in tessera.embedding_jobs: the embedding service refuses them or cannot be reached.';

function checkBeside({ waiting, oldestSeconds, failing, dead }: JobFacts): Finding[] {
  const findings: Finding[] = [];
  const add = (found: string, fix: string) => findings.push({ check, level: 'warning', found, fix });
  if (oldestSeconds >= faultAfterSeconds) {
    const found = `${waitingFor(waiting)} of ${besideName}, the oldest for ${minutes(oldestSeconds)}`;
    add(found, 'Searches miss nothing by it. Look whether a worker runs that has both models configured.');
  }
  if (failing > 0) {
    add(`${counted(failing, 'chunk')} failed ${manyAttempts} times or more for ${besideName}`, lookAtErrors);
  }
  if (dead > 0) {
    const found = `the embedding service refused ${counted(dead, 'chunk')} for good for ${besideName}`;
    add(
      found,
      'Searches miss nothing by it before the cut-over, which they hold up; "tessera models" says whose they are, and the query "deadLetters" as the tenant why.',
    );
  }
  return findings;
}

function waitingFor(chunks: number): string {
  return counted(chunks, 'chunk waits for its vector', 'chunks wait for their vectors');
}

function minutes(seconds: number): string {
  return counted(Math.round(seconds / 60), 'minute');
}
