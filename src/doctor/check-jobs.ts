import { type Finding, orOk } from './finding.ts';

/** The outbox of chunks that wait for their vectors. */
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

/** Whether what was written is embedded. A chunk that waits is found by its words and not by its meaning. */
export function checkJobs({ waiting, oldestSeconds, failing, dead }: JobFacts): Finding[] {
  const check = 'jobs';
  const findings: Finding[] = [];
  if (oldestSeconds >= warnAfterSeconds) {
    findings.push({
      check,
      level: oldestSeconds >= faultAfterSeconds ? 'fault' : 'warning',
      found: `${waiting} chunks wait for their vectors, the oldest for ${Math.round(oldestSeconds / 60)} minutes`,
      fix: 'Look whether a worker runs ("tessera work") and what it logs; start more of them to catch up.',
    });
  }
  if (failing > 0) {
    findings.push({
      check,
      level: 'warning',
      found: `${failing} chunks failed ${manyAttempts} times or more`,
      fix: 'Look at last_error in tessera.embedding_jobs: the embedding service refuses them or cannot be reached.',
    });
  }
  if (dead > 0) {
    findings.push({
      check,
      level: 'warning',
      found: `the embedding service refused ${dead} chunks for good: they are found by their words only`,
      fix: 'Look at the reasons with the query "deadLetters" as the tenant; send them again with the mutation "requeue".',
    });
  }
  return orOk(
    findings,
    check,
    waiting === 0 ? 'nothing waits for its vector' : `${waiting} chunks wait, none for long`,
  );
}
