/** Retries, catches and maps: as the States Language has them, and where the library can say so, as it does them too. */
import { StateMachine } from 'aws-local-stepfunctions';
import { describe, expect, test } from 'vitest';
import { type Retrier, waitBefore } from '../../local/retry.ts';
import { seededRandom } from '../../src/core/random.ts';
import { definitionOf, functionIn, type Node, tasksIn, workflowNames } from './definitions.ts';
import { chain, definitionsOf, task } from './small.ts';
import { type Payload, type WorldOptions, world } from './world.ts';

const small = (machine: Node, options: WorldOptions = {}) =>
  world({
    definitions: definitionsOf({ m: machine }),
    ...options,
    answers: { Do: (input: Payload) => input, ...options.answers },
  });

/** Fails with these errors, one after the other, and then lets calls through. */
function failingWith(...errors: string[]) {
  let at = 0;
  return () => errors[at++];
}

describe('retries', () => {
  const retry: Retrier[] = [
    {
      ErrorEquals: ['StoreThrottled', 'StoreUnreachable'],
      IntervalSeconds: 10,
      BackoffRate: 3,
      MaxAttempts: 3,
      MaxDelaySeconds: 60,
    },
    { ErrorEquals: ['Unexpected'], IntervalSeconds: 1, MaxAttempts: 1 },
  ];

  test.each([
    [
      'the waits grow, up to the longest',
      ['StoreThrottled', 'StoreUnreachable', 'StoreThrottled'],
      'SUCCEEDED',
      10 + 30 + 60,
    ],
    ['after the last attempt the error stands', Array(4).fill('StoreThrottled'), 'FAILED', 10 + 30 + 60],
    ['each retrier counts its own', ['StoreThrottled', 'Unexpected', 'StoreThrottled'], 'SUCCEEDED', 10 + 1 + 30],
    [
      'one retrier being used up does not lend another',
      ['Unexpected', 'StoreThrottled', 'Unexpected'],
      'FAILED',
      1 + 10,
    ],
    ['an error that is not named is not tried again', ['StoreDenied'], 'FAILED', 0],
  ])('%s', async (_what, errors, status, seconds) => {
    const { run, clock, calls } = small(chain({ A: task('Do', { Retry: retry }) }), {
      failing: failingWith(...errors),
    });
    expect((await run('m', {})).status).toBe(status);
    expect(calls).toHaveLength(status === 'FAILED' ? errors.length : errors.length + 1);
    expect((clock.now().getTime() - Date.parse('2026-03-15T03:00:00Z')) / 1000).toBe(seconds);
  });

  test.each([
    [['States.ALL'], 'Anything', 2],
    [['States.TaskFailed'], 'Anything', 2],
    [['States.TaskFailed'], 'States.Timeout', 1],
    [['Other'], 'Anything', 1],
  ])('%j and %s: %i calls', async (names, error, count) => {
    const { run, calls } = small(chain({ A: task('Do', { Retry: [{ ErrorEquals: names, MaxAttempts: 1 }] }) }), {
      failing: failingWith(error),
    });
    await run('m');
    expect(calls).toHaveLength(count);
  });

  test('full jitter waits anywhere between nothing and all, the same way for the same seed', () => {
    const retrier: Retrier = { ErrorEquals: ['X'], IntervalSeconds: 8, BackoffRate: 2, JitterStrategy: 'FULL' };
    const waits = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 200 }, () => waitBefore(retrier, 1, random));
    };
    expect(waits(3)).toEqual(waits(3));
    expect(Math.min(...waits(3))).toBeLessThan(1500);
    expect(Math.max(...waits(3))).toBeGreaterThan(14_500);
    expect(Math.max(...waits(3))).toBeLessThan(16_000);
  });

  test('each retry is told, with its wait', async () => {
    const { run, events } = small(chain({ A: task('Do', { Retry: retry }) }), {
      failing: failingWith('StoreThrottled', 'Unexpected'),
    });
    await run('m', {});
    const told = events
      .filter(({ kind }) => kind === 'retried')
      .map(({ state, error, attempt, waitMilliseconds }) => [state, error, attempt, waitMilliseconds]);
    expect(told).toEqual([
      ['A', 'StoreThrottled', 1, 10_000],
      ['A', 'Unexpected', 2, 1_000],
    ]);
  });

  test.each([
    ['StoreThrottled', 6],
    ['DatabaseUnreachable', 6],
    ['Lambda.TooManyRequestsException', 7],
    ['Unexpected', 2],
    ['Sandbox.Timedout', 2],
    ['StoreFull', 1],
    ['StoreDenied', 1],
    ['PlanInvalid', 1],
  ] as const)('as deployed, %s is tried %i times in all', async (error, times) => {
    for (const workflow of workflowNames) {
      const functionName = functionIn(tasksIn(definitionOf(workflow))[0]!.state);
      const { run, callsOf } = world({ failing: ({ name }) => (name === functionName ? error : undefined) });
      expect(await run(workflow, { source: 'a', target: '/t' })).toMatchObject({ status: 'FAILED', error });
      expect(callsOf(functionName)).toHaveLength(times);
    }
  });
});

describe('maps', () => {
  const map = (more: Node = {}, inner: Node = chain({ A: task('Do') }), mode = 'INLINE') => ({
    Type: 'Map',
    ItemsPath: '$.items',
    ItemProcessor: {
      ProcessorConfig: { Mode: mode, ...(mode === 'DISTRIBUTED' && { ExecutionType: 'STANDARD' }) },
      ...inner,
    },
    ...more,
  });

  test('results come in the order of the items, whichever ended first', async () => {
    const slow = (input: Payload) => new Promise((resolve) => setTimeout(() => resolve(input * 10), 30 - input * 10));
    const { run } = small(chain({ M: map() }), { answers: { Do: slow } });
    expect((await run('m', { items: [1, 2, 3] })).output).toEqual([10, 20, 30]);
  });

  test('no more items at once than allowed', async () => {
    let [now, most] = [0, 0];
    const count = async (): Promise<number> => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now -= 1;
      return most;
    };
    const { run } = small(chain({ M: map({ MaxConcurrency: 3 }) }), { answers: { Do: count } });
    await run('m', { items: Array(20).fill(0) });
    expect(most).toBe(3);
  });

  test('an item that fails ends the map under its own error, and nothing new is started', async () => {
    const { run, calls } = small(chain({ M: map({ MaxConcurrency: 2 }) }), {
      failing: ({ input }) => (input === 3 ? 'StoreDenied' : undefined),
    });
    const record = await run('m', { items: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
    expect(record).toMatchObject({ status: 'FAILED', error: 'StoreDenied' });
    expect(calls.length).toBeLessThanOrEqual(4);
  });

  test('what runs when an item fails has ended before the map has', async () => {
    let ended = false;
    const answers = {
      Do: async (input: Payload) => {
        if (input === 'bad') throw new Error('no');
        await new Promise((resolve) => setTimeout(resolve, 40));
        ended = true;
      },
      After: () => ({ ended }),
    };
    const machine = chain({ M: map({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] }), B: task('After') });
    const { run } = small(machine, { answers });
    expect((await run('m', { items: ['slow', 'bad'] })).output).toEqual({ ended: true });
  });

  test('a distributed map says only that an item failed, as AWS does', async () => {
    const { run } = small(chain({ M: map({}, chain({ A: task('Do') }), 'DISTRIBUTED') }), {
      failing: () => 'StoreDenied',
    });
    expect(await run('m', { items: [1] })).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
    });
  });

  test('an item of a distributed map is an execution of its own', async () => {
    const inner = chain({ A: { Type: 'Pass', Parameters: { 'name.$': '$$.Execution.Name' } } });
    const names = async (mode: string) => {
      const { run } = small(chain({ M: map({}, inner, mode) }));
      return (await run('m', { items: [1, 2] }, 'parent')).output;
    };
    expect(await names('INLINE')).toEqual([{ name: 'parent' }, { name: 'parent' }]);
    expect(await names('DISTRIBUTED')).toEqual([{ name: 'parent-M-0' }, { name: 'parent-M-1' }]);
  });

  test('a map is tried again as a whole', async () => {
    const { run, calls } = small(chain({ M: map({ Retry: [{ ErrorEquals: ['StoreThrottled'], MaxAttempts: 2 }] }) }), {
      failing: failingWith('StoreThrottled'),
    });
    expect(await run('m', { items: [1] })).toMatchObject({ status: 'SUCCEEDED' });
    expect(calls).toHaveLength(2);
  });

  test('what is not a list cannot be gone through', async () => {
    const { run } = small(chain({ M: map() }));
    expect(await run('m', { items: 'abc' })).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });
});

test('the events of an execution tell where they happened', async () => {
  const { run, events } = world({ sources: ['a'] });
  await run('backup', {}, 'n');
  const entered = events.filter(({ kind }) => kind === 'entered');
  expect(entered.find(({ state }) => state === 'ReplicatePacks')).toMatchObject({
    workflow: 'backup',
    execution: 'n',
    type: 'Task',
    path: ['Jobs[0]', 'Replicas[0]', 'Batches[0]'],
  });
  expect(entered.find(({ state }) => state === 'Jobs')).toMatchObject({ type: 'Map', path: [] });
});

/** What the library makes of the same file by itself, with time taken out. */
async function byTheLibrary(workflow: string, reference: ReturnType<typeof world>, input: Payload): Promise<Payload> {
  const definition = definitionOf(workflow);
  const tasks = tasksIn(definition);
  const without = JSON.parse(
    JSON.stringify(definition).replaceAll('$$.Execution.StartTime', () => '$$.Fixed.StartTime'),
  );
  const call = (name: string) => async (given: Payload) => (await reference.call(name, given)) as never;
  const overrides = {
    taskResourceLocalHandlers: Object.fromEntries(tasks.map(({ name, state }) => [name, call(functionIn(state))])),
    retryIntervalOverrides: Object.fromEntries(tasks.map(({ name }) => [name, 0])),
  };
  const context = { Execution: { Name: 'n' }, Fixed: { StartTime: '2026-03-15T03:00:00.000Z' } };
  return new StateMachine(without, { validationOptions: { noValidate: true } }).run(input, { overrides, context })
    .result;
}

test.each(workflowNames)('%s comes out as the library by itself makes it', async (workflow) => {
  const input = { source: 'a', target: '/t' };
  const ours = world();
  const theirs = world();
  const output = await byTheLibrary(workflow, theirs, input);
  expect((await ours.run(workflow, input, 'n')).output).toEqual(output);
  const sorted = (calls: readonly unknown[]): string[] => calls.map((call) => JSON.stringify(call)).toSorted();
  expect(sorted(ours.calls)).toEqual(sorted(theirs.calls));
});
