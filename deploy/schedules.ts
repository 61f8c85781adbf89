/**
 * What starts the workflows by the clock: EventBridge Scheduler. It delivers at least once, so a workflow may be started
 * twice for one slot; the operations make that harmless, as they look at what is there and do what is missing.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { schedulesOf } from '../src/plan/index.ts';
import { arn, arnOf, reference } from './intrinsics.ts';
import { logicalName, type Names } from './names.ts';
import { workflowId } from './workflows.ts';

interface Start {
  readonly name: string;
  readonly workflow: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly input: object;
  /** Seconds for which a start that fails is tried again. */
  readonly patience: number;
}

const schedule = z.strictObject({
  workflow: z.string(),
  expression: z.string(),
  input: z.record(z.string(), z.json()),
});
const guardSchedules = z
  .record(z.string(), schedule)
  .parse(parse(readFileSync(new URL('./schedules.yml', import.meta.url), 'utf8')));

/** After an hour the plan's own sweep has answered a backup that did not start; nothing else comes again so soon. */
const patience = { backup: 3600, other: 6 * 3600 };

export function startsOf({ plan }: Names): readonly Start[] {
  return [
    ...schedulesOf(plan).map((entry) => ({ ...entry, workflow: 'backup', patience: patience.backup })),
    ...Object.entries(guardSchedules).map(([name, entry]) => ({
      name,
      ...entry,
      timeZone: plan.timeZone,
      patience: patience.other,
    })),
  ];
}

export function scheduleResources(names: Names): Record<string, object> {
  const starts = startsOf(names);
  const workflows = [...new Set(starts.map((start) => start.workflow))];
  return {
    Schedules: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: names.prefix } },
    SchedulesRole: startingRole('scheduler.amazonaws.com', workflows, {
      condition: {
        StringEquals: { 'aws:SourceAccount': reference('AWS::AccountId') },
        ArnEquals: { 'aws:SourceArn': arnOf('Schedules') },
      },
      more: [{ Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('Undelivered') }],
    }),
    ...Object.fromEntries(starts.map((start) => [`${logicalName(start.name)}Schedule`, scheduleOf(start)])),
  };
}

/**
 * The universal target and not the templated one, because it lets us name the execution: `incremental-d32c5kddcf5bb8c3`
 * tells an operator more than a random id, and where the Scheduler repeats an attempt under the same id, Step Functions
 * takes it for the same start. The scheduled time would name it better still, but holds colons, which no name may.
 */
function scheduleOf(start: Start): object {
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: start.name,
      GroupName: reference('Schedules'),
      ScheduleExpression: start.expression,
      ScheduleExpressionTimezone: start.timeZone,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: arn('scheduler:::aws-sdk:sfn:startExecution'),
        RoleArn: arnOf('SchedulesRole'),
        Input: {
          'Fn::Sub': [
            JSON.stringify({
              StateMachineArn: `\${Workflow}`,
              Name: `${start.name}-<aws.scheduler.execution-id>`,
              Input: JSON.stringify(start.input),
            }),
            { Workflow: reference(workflowId(start.workflow)) },
          ],
        },
        RetryPolicy: { MaximumEventAgeInSeconds: start.patience, MaximumRetryAttempts: 20 },
        DeadLetterConfig: { Arn: arnOf('Undelivered') },
      },
    },
  };
}

/** A role that may start these workflows and do nothing else, unless `more` says so. */
export function startingRole(
  service: string,
  workflows: readonly string[],
  { condition, more = [] }: { readonly condition?: object; readonly more?: readonly object[] } = {},
): object {
  const start = {
    Sid: 'Start',
    Effect: 'Allow',
    Action: 'states:StartExecution',
    Resource: workflows.map((name) => reference(workflowId(name))),
  };
  const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [condition === undefined ? trust : { ...trust, Condition: condition }],
      },
      Policies: [{ PolicyName: 'tidemark', PolicyDocument: { Version: '2012-10-17', Statement: [start, ...more] } }],
    },
  };
}
