/** The engine: names, records, limits and time, as Step Functions has them. */
import { describe, expect, test } from 'vitest';
import { StateFailure } from '../../local/failure.ts';
import { isTidemarkError } from '../../src/core/errors.ts';
import { chain, definitionsOf, task } from './small.ts';
import { type Payload, type WorldOptions, world } from './world.ts';

const small = (states: Parameters<typeof chain>[0], options: WorldOptions = {}) =>
  world({
    definitions: definitionsOf({ m: chain(states) }),
    ...options,
    answers: { Do: (input: Payload) => input, ...options.answers },
  });

describe('D5: an execution is known by its name', () => {
  test('the same name and input is the same execution while it runs and after, and does its work once', async () => {
    const { engine, callsOf } = world();
    const first = engine.start('backup', { cadence: 'full', sources: ['a'] }, 'full-20260315T030000Z');
    const second = engine.start('backup', { sources: ['a'], cadence: 'full' }, 'full-20260315T030000Z');
    expect(second).toBe(first);
    await first.ended;
    const third = engine.start('backup', { cadence: 'full', sources: ['a'] }, 'full-20260315T030000Z');
    expect(await third.ended).toBe(first.record);
    expect(callsOf('plan-backup')).toHaveLength(1);
    expect(engine.executions).toHaveLength(1);
  });

  test('the same name with another input is refused', () => {
    const { engine } = world();
    engine.start('backup', { cadence: 'full' }, 'slot');
    expect(() => engine.start('backup', { cadence: 'logs' }, 'slot')).toThrow(
      expect.objectContaining({ name: 'ExecutionExists' }),
    );
  });

  test('each workflow has names of its own, and a start without a name never meets another', async () => {
    const { engine } = world();
    engine.start('backup', {}, 'slot');
    engine.start('prune', {}, 'slot');
    const [one, other] = [engine.start('prune', {}), engine.start('prune', {})];
    expect(one.record.name).not.toBe(other.record.name);
    await Promise.all([one.ended, other.ended]);
  });

  test.each(['', 'a:b', 'a b', 'a/b', 'x'.repeat(81)])('a name that AWS would refuse is refused: %j', (name) => {
    const { engine } = world();
    expect(() => engine.start('backup', {}, name)).toThrow(expect.objectContaining({ name: 'InputInvalid' }));
  });
});

describe('the record', () => {
  test('of a success: output, times and status in order', async () => {
    const { run, statuses } = small({ A: { Type: 'Wait', Seconds: 90 }, B: task('Do') });
    const record = await run('m', { x: 1 }, 'n');
    expect(record).toEqual({
      workflow: 'm',
      name: 'n',
      arn: 'arn:aws:states:local:000000000000:execution:m:n',
      input: { x: 1 },
      startTime: '2026-03-15T03:00:00.000Z',
      stopTime: '2026-03-15T03:01:30.000Z',
      status: 'SUCCEEDED',
      output: { x: 1 },
      report: { x: 1 },
    });
    expect(statuses.map(({ status }) => status)).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  test('of a failure after concluding: the report is kept, as there is no output', async () => {
    const { run } = world({ failing: ({ name }) => (name === 'verify-snapshot' ? 'StoreDenied' : undefined) });
    const record = await run('backup');
    expect(record.output).toBeUndefined();
    expect(record.report).toMatchObject({
      status: 'failure',
      jobs: [{ source: 'a' }, { source: 'b' }, { source: 'c' }],
    });
  });

  test('of a stop: what ran came to its end, nothing was started after', async () => {
    const { engine, callsOf } = small(
      { A: task('Slow'), B: task('Do') },
      { answers: { Slow: () => new Promise((resolve) => setTimeout(() => resolve({ slow: true }), 30)) } },
    );
    const execution = engine.start('m', {}, 'n');
    execution.stop();
    expect(await execution.ended).toMatchObject({ status: 'ABORTED' });
    expect(callsOf('Do')).toEqual([]);
  });

  test('the report is of the top level, not of an item of a map', async () => {
    const inner = { ...chain({ I: task('Do') }), ProcessorConfig: { Mode: 'INLINE' } };
    const { run } = small({ A: task('Do'), M: { Type: 'Map', ItemsPath: '$.items', ItemProcessor: inner } });
    expect((await run('m', { items: [1, 2] })).report).toEqual({ items: [1, 2] });
  });

  test('of a time-out', async () => {
    let slowEnded = false;
    const never = { ...chain({ A: task('Slow'), B: task('Do') }), TimeoutSeconds: 1 };
    const { run, callsOf } = world({
      definitions: definitionsOf({ m: never }),
      answers: {
        Do: () => ({}),
        Slow: async () => {
          await new Promise((resolve) => setTimeout(resolve, 1300));
          slowEnded = true;
        },
      },
    });
    expect(await run('m')).toMatchObject({ status: 'TIMED_OUT' });
    expect(callsOf('Do')).toEqual([]);
    // The record is final when nothing runs any more.
    expect(slowEnded).toBe(true);
  });
});

describe('limits', () => {
  const big = 'x'.repeat(262_144);

  test.each([
    ['an answer', { A: task('Big'), B: task('Do') }],
    [
      'what several answers come to',
      { A: task('Half', { ResultPath: '$.a' }), B: task('Half', { ResultPath: '$.b' }), C: task('Do') },
    ],
    [
      'what a Pass makes',
      {
        A: task('Half', { ResultPath: '$.a' }),
        B: { Type: 'Pass', Parameters: { 'a.$': '$.a', 'b.$': '$.a' } },
        C: task('Do'),
      },
    ],
  ])('%s of more than 256 KiB ends the execution, and no Catch helps', async (_what, states) => {
    const withCatch = Object.fromEntries(
      Object.entries(states).map(([name, state]) => [
        name,
        state.Type === 'Task' ? { ...state, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Z' }] } : state,
      ]),
    );
    const machine = chain(withCatch);
    machine.States.Z = { Type: 'Succeed' };
    const { run, callsOf } = world({
      definitions: definitionsOf({ m: machine }),
      answers: { Do: () => ({}), Big: () => big, Half: () => big.slice(120_000) },
    });
    expect(await run('m')).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(callsOf('Do')).toEqual([]);
  });

  test('what the last state makes counts too', async () => {
    const { run } = small(
      { A: task('Half', { ResultPath: '$.a' }), B: { Type: 'Pass', Parameters: { 'a.$': '$.a', 'b.$': '$.a' } } },
      { answers: { Half: () => big.slice(120_000) } },
    );
    expect(await run('m')).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('bytes count, not letters', async () => {
    const { run } = small({ A: task('Big') }, { answers: { Big: () => 'ü'.repeat(140_000) } });
    expect(await run('m')).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('no Retry helps', async () => {
    const retry = [{ ErrorEquals: ['States.ALL'] }];
    const inner = { ...chain({ A: task('Big', { Retry: retry }) }), ProcessorConfig: { Mode: 'INLINE' } };
    const { run, calls } = small(
      { M: { Type: 'Map', ItemsPath: '$.items', ItemProcessor: inner, Retry: retry } },
      { answers: { Big: () => `${big}x` } },
    );
    expect(await run('m', { items: [1] })).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(calls).toHaveLength(1);
  });

  test('exactly 256 KiB fits', async () => {
    const { run } = small({ A: task('Big') }, { answers: { Big: () => big.slice(2) } });
    expect(await run('m')).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('results of a map count together', async () => {
    const { run } = small(
      {
        M: {
          Type: 'Map',
          ItemsPath: '$.items',
          ItemProcessor: { ...chain({ A: task('Big') }), ProcessorConfig: { Mode: 'INLINE' } },
        },
      },
      { answers: { Big: () => big.slice(200_000) } },
    );
    expect(await run('m', { items: [1, 2, 3] })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run('m', { items: [1, 2, 3, 4, 5] })).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
  });
});

describe('a state takes no longer than it may', () => {
  test('its own time limit is States.Timeout, and may be caught', async () => {
    const machine = chain({
      A: task('Slow', { TimeoutSeconds: 1, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }] }),
    });
    machine.States.Late = { Type: 'Pass', Result: 'late', End: true };
    const { run } = world({
      definitions: definitionsOf({ m: machine }),
      answers: { Slow: () => new Promise((resolve) => setTimeout(() => resolve({}), 1500)) },
    });
    expect(await run('m')).toMatchObject({ status: 'SUCCEEDED', output: 'late' });
  });

  test('waiting is a matter of the clock', async () => {
    const { run, events } = small({ A: { Type: 'Wait', Seconds: 3600 }, B: task('Do') });
    expect(await run('m', { done: true })).toMatchObject({ status: 'SUCCEEDED', stopTime: '2026-03-15T04:00:00.000Z' });
    expect(events.filter(({ kind }) => kind === 'exited').map(({ state }) => state)).toEqual(['A', 'B']);
  });
});

test('what a machine asks that would be ignored is refused', () => {
  const refused: Record<string, Parameters<typeof chain>[0]> = {
    jsonata: { A: { Type: 'Pass', QueryLanguage: 'JSONata' } },
    assign: { A: { Type: 'Pass', Assign: { x: 1 } } },
    reader: { A: { Type: 'Map', ItemReader: {}, ItemProcessor: chain({ B: { Type: 'Pass' } }) } },
    tolerance: { A: { Type: 'Map', ToleratedFailurePercentage: 10, ItemProcessor: chain({ B: { Type: 'Pass' } }) } },
    parallel: { A: { Type: 'Parallel', Branches: [] } },
    intrinsic: { A: { Type: 'Pass', Parameters: { 'x.$': 'States.UUID()' } } },
    nested: { A: { Type: 'Pass', Parameters: { deep: [{ 'x.$': 'States.Format($.a' }] } } },
    noPath: { A: { Type: 'Pass', Parameters: { 'x.$': 5 } } },
    quoted: { A: { Type: 'Pass', InputPath: "$['a b']" } },
    choice: { A: { Type: 'Choice', Choices: [{ Variable: '$.a', StringMatches: 'x', Next: 'A' }] } },
    wild: { A: { Type: 'Pass', Parameters: { 'x.$': '$.items[*].id' } } },
    inside: { A: { Type: 'Map', ItemProcessor: chain({ B: { Type: 'Pass', Assign: {} } }) } },
  };
  for (const [what, states] of Object.entries(refused)) {
    expect(() => small(states).engine.start('m', {}), what).toThrow(/state [AB]: its /);
  }
  expect(() =>
    world({ definitions: definitionsOf({ m: chain({ A: task('Nobody') }) }) }).engine.start('m', {}),
  ).toThrow(/Nobody/);
  expect(isTidemarkError(new StateFailure('x', 'y'))).toBe(false);
});
