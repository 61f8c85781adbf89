/**
 * Called from outside when an execution failed, timed out or was aborted: what no state could tell any more, because the
 * function that concludes was not reached or failed itself. What was concluded has been told already.
 *
 * Event: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
import * as z from 'zod';
import { asTidemarkError } from '../../core/errors.ts';
import { readFailure } from '../../core/failure.ts';
import { runId } from '../../core/ids.ts';
import { layout } from '../../format/layout.ts';
import { raise } from '../alerting.ts';
import type { OperationContext } from '../context.ts';

export const noticeFailureInput = z.object({
  source: z.literal('aws.states'),
  detail: z.object({
    stateMachineArn: z.string(),
    name: z.string(),
    status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
    /** Milliseconds since the epoch. */
    startDate: z.number(),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});

/** What an operator asked wrongly, and was answered on the spot. */
const wrongQuestions = new Set(['InputInvalid', 'SourceUnknown', 'SnapshotMissing', 'RestorePointMissing']);

export async function noticeFailure(
  { detail }: z.infer<typeof noticeFailureInput>,
  context: OperationContext,
): Promise<{ alerted: boolean }> {
  const workflow = workflowOf(detail.stateMachineArn);
  const error = detail.error ?? '';
  if (detail.status === 'FAILED') {
    if (error === 'RunFailed') return { alerted: false };
    if (workflow === 'restore' && wrongQuestions.has(error)) return { alerted: false };
    if (workflow === 'restore' && (await wasConcluded(context, detail.name, detail.startDate)))
      return { alerted: false };
  }
  const { name, message, hint } = readFailure({ Error: error, Cause: detail.cause ?? '' });
  const how =
    detail.status === 'FAILED'
      ? `${name}: ${message}`
      : detail.status === 'TIMED_OUT'
        ? 'it ran out of time'
        : 'it was aborted';
  await raise(context, {
    kind: 'failure',
    severity: 'critical',
    trouble: `workflow/${workflow}`,
    subject: `the workflow ${workflow} did not come to its end`,
    what: `Execution ${detail.name} of ${workflow}: ${how.replace(/\.$/, '')}.`,
    action: hint ?? 'Look at the execution in the Step Functions console, mend the cause, and start it again.',
    run: detail.name,
  });
  return { alerted: true };
}

/** `arn:aws:states:eu-west-1:123456789012:stateMachine:tidemark-node-network-backup` gives `backup`. */
const workflowOf = (arn: string): string => arn.split(':').at(-1)!.split('-').at(-1)!;

async function wasConcluded(context: OperationContext, execution: string, started: number): Promise<boolean> {
  const record = layout.run(runId(new Date(started), 'restore', execution));
  for (let number = 0; number < context.vaults.count; number += 1) {
    try {
      const vault = await context.vaults.open(number);
      if (await vault.store.head(record)) return true;
    } catch (error) {
      context.log.warn('record-not-at-hand', { error: asTidemarkError(error).name });
    }
  }
  return false;
}
