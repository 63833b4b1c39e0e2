import { checkNode } from './document-nodes.ts';
import { maySee } from './model.ts';
import type { PredictedOutcome } from './model-writes.ts';
import { fieldOf, type Report, show } from './part.ts';
import type { Caller } from './world.ts';

/**
 * Holds what a write says of each of its documents to what was foretold, once the model has them.
 * @param ids bare, in order.
 */
export function checkWritten(
  caller: Caller,
  outcomes: readonly PredictedOutcome[],
  ids: readonly string[],
  values: readonly unknown[],
  report: Report,
): void {
  for (const [index, { status, document: foretold }] of outcomes.entries()) {
    const got = values[index];
    const stored = caller.tenant.documents.get(ids[index] as string);
    if (foretold.id !== '' && foretold.id !== ids[index])
      report('leak', `the write of ${foretold.id} went to ${ids[index]}`);
    if (fieldOf(got, 'status') !== status || fieldOf(got, 'version') !== foretold.version)
      report('other', `a write is ${show(got)}, not ${status} as version ${foretold.version}`);
    const shown = fieldOf(got, 'document');
    const isVisible = maySee(caller, foretold.acl);
    if (isVisible && shown && stored) checkNode(caller, stored, shown, report);
    else if (isVisible) report('missing', `a written document is not shown: ${show(got)}`);
    else if (shown) report('leak', `a written document is shown to whom it hides from: ${show(got)}`);
  }
}
