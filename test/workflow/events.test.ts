/** The event bus: which events start what, once each. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Rule, rulesOf } from '../../events/rules.ts';
import { createBus, type EventBridgeEvent, statusEvent } from '../../local/events.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { defaultCadences } from '../../src/plan/cadence/every.ts';
import type { SourcePlan } from '../../src/plan/plan.ts';
import { type World, world } from './world.ts';

const events = new URL('../../events/', import.meta.url);
const sample = (name: string): EventBridgeEvent => JSON.parse(readFileSync(new URL(`${name}.json`, events), 'utf8'));

const source = (kind: string, on: readonly string[] = [], change = 'on event') =>
  ({ id: kind, kind, on, cadences: { ...defaultCadences, change } }) as unknown as SourcePlan;

const sources = [
  source('files', ['aws.ssm:Parameter Store Change', 'aws.appconfig:On Deployment Complete']),
  source('git'),
];

interface Told {
  readonly name: string;
  readonly event: Json;
}

function bus(
  inside: World,
  rules: readonly Rule[] = rulesOf({ sources }),
  fail: (told: Told) => boolean = () => false,
) {
  const told: Told[] = [];
  const undelivered: string[] = [];
  const made = createBus({
    rules,
    clock: inside.clock,
    start: (workflow, input, name) => inside.engine.start(workflow, input, name),
    call: async (name, event) => {
      told.push({ name, event });
      if (fail({ name, event })) throw new Error('not now');
      return null;
    },
    onUndelivered: (name) => undelivered.push(name),
  });
  return { ...made, told, undelivered };
}

describe('a change', () => {
  test.each(['change-tidemark', 'change-codecommit', 'change-parameter', 'change-deployment'])(
    '%s starts one backup with the whole event',
    async (name) => {
      const inside = world();
      const event = sample(name);
      const executions = bus(inside).publish(event);
      expect(executions).toHaveLength(1);
      await executions[0]!.ended;
      expect(inside.callsOf('plan-backup')).toMatchObject([{ cadence: 'change', event }]);
    },
  );

  test('D5: the same event delivered twice starts one execution', async () => {
    const inside = world();
    const { publish } = bus(inside);
    const [first] = publish(sample('change-tidemark'));
    const [second] = publish(sample('change-tidemark'));
    expect(second).toBe(first);
    await first!.ended;
    expect(inside.callsOf('plan-backup')).toHaveLength(1);
  });

  test('another event starts another execution', () => {
    const { publish } = bus(world());
    const [first] = publish(sample('change-tidemark'));
    const [second] = publish({ ...sample('change-tidemark'), id: 'another' });
    expect(second).not.toBe(first);
  });

  test('an event that no source asks for starts nothing', () => {
    expect(bus(world(), rulesOf({ sources: [source('files')] })).publish(sample('change-parameter'))).toEqual([]);
    expect(bus(world(), rulesOf({ sources: [source('files')] })).publish(sample('change-codecommit'))).toEqual([]);
  });

  test('a source that takes no changes asks for none', () => {
    const deaf = [source('git', ['aws.ssm:Parameter Store Change'], 'never')];
    expect(rulesOf({ sources: deaf }).map(({ name }) => name)).toEqual(['change-tidemark', 'execution-failed']);
  });
});

describe('an execution that did not succeed', () => {
  const ended = async (failing: string | undefined) => {
    const inside = world({ failing: ({ name }) => (name === 'plan-backup' ? failing : undefined) });
    return inside.run('backup', { cadence: 'full' }, 'slot');
  };

  test('its status event has the shape that AWS gives it', async () => {
    const event = statusEvent(await ended('PlanInvalid'));
    const real = sample('execution-failed');
    const shape = (value: object): string[] => Object.keys(value).toSorted();
    expect(shape(event)).toEqual(shape(real));
    expect(shape(event.detail)).toEqual(shape(real.detail));
    expect(event.detail).toMatchObject({
      status: 'FAILED',
      name: 'slot',
      error: 'PlanInvalid',
      input: '{"cadence":"full"}',
      output: null,
    });
    expect(Number.isInteger(event.detail.startDate)).toBe(true);
  });

  test.each([
    ['FAILED', true],
    ['TIMED_OUT', true],
    ['ABORTED', true],
    ['SUCCEEDED', false],
    ['RUNNING', false],
  ] as const)('%s reaches notice-failure: %s', async (status, reaches) => {
    const { publish, settled, told } = bus(world());
    publish(statusEvent({ ...(await ended(undefined)), status }));
    await settled();
    expect(told.map(({ name }) => name)).toEqual(reaches ? ['notice-failure'] : []);
  });

  test('a function that fails is called twice more, minutes apart, and then given up with a word', async () => {
    const inside = world();
    const failed = await ended('PlanInvalid');
    const before = inside.clock.now().getTime();
    const { publish, settled, told, undelivered } = bus(inside, undefined, () => true);
    publish(statusEvent(failed));
    await settled();
    expect([told.length, undelivered]).toEqual([3, ['notice-failure']]);
    expect(inside.clock.now().getTime() - before).toBe(180_000);
  });

  test('a function that works the second time was reached', async () => {
    let calls = 0;
    const { publish, settled, told, undelivered } = bus(world(), undefined, () => {
      calls += 1;
      return calls === 1;
    });
    publish(statusEvent(await ended('PlanInvalid')));
    await settled();
    expect([told.length, undelivered]).toEqual([2, []]);
  });
});

test('every sample of a change or of a failure meets exactly one rule', async () => {
  const files = readdirSync(events).filter((file) => /^(change|execution)-.*\.json$/.test(file));
  expect(files.length).toBeGreaterThan(5);
  // Deployed, a workflow's name begins with the stack's.
  const deployed = /arn:aws:states:[\w-]+:\d+:stateMachine:[\w-]+-(\w+)"/g;
  const on = files
    .map((file) => sample(file.replace('.json', '')))
    .map((event) => `${event.source}:${event['detail-type']}`);
  const asking = [
    source('git'),
    source(
      'files',
      on.filter((event) => !/^aws.states:/.test(event)),
    ),
  ];
  for (const file of files) {
    const event = JSON.stringify(sample(file.replace('.json', '')));
    const here = JSON.parse(event.replace(deployed, 'arn:aws:states:local:000000000000:stateMachine:$1"'));
    const { publish, settled, told } = bus(world(), rulesOf({ sources: asking }));
    const executions = publish(here);
    await settled();
    expect(executions.length + told.length, file).toBe(1);
  }
});

test('an event that a source asks for has one rule, though there is a fixed one', () => {
  const names = rulesOf({ sources: [source('files', ['tidemark:Configuration Change', 'x:Y'])] }).map(
    ({ name }) => name,
  );
  expect(names).toEqual([
    'execution-failed',
    expect.stringMatching(/^change-configuration-change-/),
    expect.stringMatching(/^change-y-/),
  ]);
});

test('the clock of the bus waits for nothing when nothing fails', async () => {
  const clock = new VirtualClock('2026-01-01T00:00:00Z');
  const made = createBus({
    rules: rulesOf({ sources }),
    clock,
    start: () => expect.unreachable(),
    call: async () => null,
  });
  made.publish(sample('schedule-sweep') as never);
  await made.settled();
  expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
});
