/** What starts the workflows: schedules against the plan, rules against the samples in `events/`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logicalName } from '../../../deploy/names.ts';
import { eventMark } from '../../../events/rules.ts';
import { matchesPattern } from '../../../local/pattern.ts';
import type { Json } from '../../../src/core/json.ts';
import { schedulesOf } from '../../../src/plan/index.ts';
import { accountId } from '../intrinsics.ts';
import { resourcesOfType, root } from '../packaging.ts';
import { isAllowed } from '../policies.ts';
import { type Stacks, statementsOf } from '../stacks.ts';

const samples = readdirSync(join(root, 'events')).filter((file) => file.endsWith('.json') && file !== 'rules.json');
const sample = (file: string): Json => JSON.parse(readFileSync(join(root, 'events', file), 'utf8'));
const events = samples.filter((file) => /^(change|execution)-/.test(file));

interface Schedule {
  readonly Name: string;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone: string;
  readonly Target: { readonly Input: string; readonly [key: string]: unknown };
}

export function triggersSuite(stacks: () => Stacks): void {
  const schedules = (): readonly Schedule[] =>
    resourcesOfType(stacks().primary, 'AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => stacks().resolve(Properties) as Schedule,
    );
  const startOf = (schedule: Schedule) =>
    JSON.parse(schedule.Target.Input) as { StateMachineArn: string; Name: string; Input: string };
  const machineArn = (workflow: string): string =>
    `arn:aws:states:${stacks().names.vaults[0]!.region}:${accountId}:stateMachine:${stacks().names.prefix}-${workflow}`;

  describe('schedules', () => {
    test('are the cadences of the plan, at its times and in its time zone', () => {
      for (const { name, expression, timeZone, input } of schedulesOf(stacks().names.plan)) {
        const schedule = schedules().find(({ Name }) => Name === name)!;
        expect(schedule).toMatchObject({ ScheduleExpression: expression, ScheduleExpressionTimezone: timeZone });
        expect(startOf(schedule).StateMachineArn).toBe(machineArn('backup'));
        expect(JSON.parse(startOf(schedule).Input)).toEqual(input);
      }
      const guards = ['prune', 'verify', 'drill'];
      expect(
        schedules()
          .map(({ Name }) => Name)
          .sort(),
      ).toEqual([...schedulesOf(stacks().names.plan).map(({ name }) => name), ...guards].sort());
      for (const name of guards) {
        const schedule = schedules().find(({ Name }) => Name === name)!;
        expect(schedule.ScheduleExpressionTimezone).toBe(stacks().names.plan.timeZone);
        expect(startOf(schedule)).toMatchObject({ StateMachineArn: machineArn(name), Input: '{}' });
      }
    });

    test('each has a sample that is its input, and each sample a schedule', () => {
      const given = schedules().map((schedule) => [
        `schedule-${schedule.Name}.json`,
        JSON.parse(startOf(schedule).Input),
      ]);
      const sampled = samples.filter((file) => file.startsWith('schedule-')).map((file) => [file, sample(file)]);
      expect(Object.fromEntries(given)).toEqual(Object.fromEntries(sampled));
    });

    test('name their executions as Step Functions allows, and try again before they give up into the queue', () => {
      for (const schedule of schedules()) {
        const name = startOf(schedule).Name.replace('<aws.scheduler.execution-id>', 'd32c5kddcf5bb8c3');
        expect(name).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
        expect(schedule.Target).toMatchObject({
          Arn: 'arn:aws:scheduler:::aws-sdk:sfn:startExecution',
          DeadLetterConfig: { Arn: expect.stringMatching(/:sqs:.*-undelivered$/) },
          RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: expect.any(Number) },
        });
      }
    });

    test('may start the workflows that they start, and speak for this schedule group alone', () => {
      const role = statementsOf(stacks(), 'SchedulesRole');
      for (const workflow of ['backup', 'prune', 'verify', 'drill', 'restore']) {
        const started = schedules().some((schedule) => startOf(schedule).StateMachineArn === machineArn(workflow));
        expect(isAllowed({ action: 'states:StartExecution', resource: machineArn(workflow), context: {} }, role)).toBe(
          started,
        );
      }
      expect(
        stacks().resolve(
          stacks().primary.Resources.SchedulesRole!.Properties.AssumeRolePolicyDocument.Statement[0].Condition,
        ),
      ).toEqual({
        StringEquals: { 'aws:SourceAccount': accountId },
        ArnEquals: { 'aws:SourceArn': expect.stringMatching(/:schedule-group\/tidemark-/) },
      });
    });
  });

  describe('rules', () => {
    const rules = () =>
      resourcesOfType(stacks().primary, 'AWS::Events::Rule').map(([id, { Properties }]) => ({
        id,
        // biome-ignore lint/suspicious/noExplicitAny: the shape of a rule is AWS's
        ...(stacks().resolve(Properties) as { Name: string; EventPattern: any; Targets: any[] }),
      }));

    test.each(events)('%s starts what it should by one rule, and nothing twice', (file) => {
      const event = sample(file);
      const matching = rules().filter(({ EventPattern }) => matchesPattern(EventPattern, event));
      expect(matching).toHaveLength(1);
      const [target, ...others] = matching[0]!.Targets;
      expect(others).toEqual([]);
      if (file.startsWith('execution-')) {
        expect(target.Arn).toMatch(/:function:tidemark-.*-notice-failure$/);
        return;
      }
      expect(target.Arn).toBe(machineArn('backup'));
      const input = JSON.parse(target.InputTransformer.InputTemplate.replace(eventMark, JSON.stringify(event)));
      expect(input).toEqual({ cadence: 'change', event });
    });

    test('every rule has a sample, and what it cannot deliver goes to the queue', () => {
      for (const { Name, EventPattern, Targets } of rules()) {
        expect([Name, events.filter((file) => matchesPattern(EventPattern, sample(file))).length]).not.toEqual([
          Name,
          0,
        ]);
        expect(Name.length).toBeLessThanOrEqual(64);
        for (const target of Targets) expect(target.DeadLetterConfig.Arn).toMatch(/:sqs:.*-undelivered$/);
      }
    });

    test('other executions, and those that go well, are none of ours', () => {
      const failed = sample('execution-failed.json') as { detail: Record<string, Json> };
      const matched = (detail: Record<string, Json>): number =>
        rules().filter(({ EventPattern }) =>
          matchesPattern(EventPattern, { ...failed, detail: { ...failed.detail, ...detail } } as Json),
        ).length;
      expect(matched({})).toBe(1);
      expect(matched({ status: 'SUCCEEDED' })).toBe(0);
      expect(matched({ status: 'RUNNING' })).toBe(0);
      expect(matched({ stateMachineArn: `arn:aws:states:eu-west-1:${accountId}:stateMachine:somebody-elses` })).toBe(0);
      // Children of a distributed map fail into their parent, which is told of once.
      expect(matched({ stateMachineArn: `${machineArn('backup')}/Jobs` })).toBe(0);
    });

    test('may start the backup workflow and nothing else; the function lets the rule in and nobody else', () => {
      const role = statementsOf(stacks(), 'RulesRole');
      for (const workflow of ['backup', 'prune', 'verify', 'drill', 'restore']) {
        expect(isAllowed({ action: 'states:StartExecution', resource: machineArn(workflow), context: {} }, role)).toBe(
          workflow === 'backup',
        );
      }
      const permissions = resourcesOfType(stacks().primary, 'AWS::Lambda::Permission').map(([, { Properties }]) =>
        stacks().resolve(Properties),
      );
      expect(permissions).toEqual([
        expect.objectContaining({
          Principal: 'events.amazonaws.com',
          FunctionName: expect.stringMatching(/-notice-failure$/),
          SourceArn: expect.stringMatching(/:rule\/tidemark-.*-execution-failed$/),
        }),
      ]);
    });

    test('the queue takes what rules and schedules could not deliver, and an alarm looks at it', () => {
      const { primary, resolve, names } = stacks();
      const policy = resolve(primary.Resources.UndeliveredPolicy!.Properties.PolicyDocument.Statement) as object[];
      expect(policy).toContainEqual(
        expect.objectContaining({
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Condition: {
            ArnLike: {
              'aws:SourceArn': `arn:aws:events:${names.vaults[0]!.region}:${accountId}:rule/${names.prefix}-*`,
            },
          },
        }),
      );
      for (const { Name } of rules()) expect(Name.startsWith(`${names.prefix}-`)).toBe(true);
      expect(primary.Resources.Undelivered!.Properties).toMatchObject({ SqsManagedSseEnabled: true });
      expect(resolve(primary.Resources.UndeliveredAlarm!.Properties)).toMatchObject({
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: `${names.prefix}-undelivered` }],
        AlarmActions: [expect.stringMatching(/:sns:/)],
      });
    });
  });

  test('every file of events/ is in its table, and the table names no other', () => {
    const readme = readFileSync(join(root, 'events/README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| `([\w-]+\.json)` \|/gm)].map(([, file]) => file);
    expect([...listed].sort()).toEqual([...samples].sort());
  });

  test('the samples that fail name workflows of ours', () => {
    for (const file of events.filter((name) => name.startsWith('execution-'))) {
      const { detail } = sample(file) as { detail: { stateMachineArn: string } };
      expect(Object.keys(stacks().primary.Resources)).toContain(
        `${logicalName(detail.stateMachineArn.split('-').at(-1)!)}Workflow`,
      );
    }
  });
}
