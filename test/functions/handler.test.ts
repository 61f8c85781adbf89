/** The stack around every operation: what goes in, what comes out, what is logged, what is thrown. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Needs, withDependencies } from '../../functions/dependencies.ts';
import { handle, type LambdaContext } from '../../functions/handler.ts';
import { systemClock } from '../../src/core/clock.ts';
import { fail } from '../../src/core/errors.ts';
import { readFailure } from '../../src/core/failure.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { given, type Line, lambdaContext } from './given.ts';

const schema = z.object({
  name: z.string(),
  job: z.object({ shard: z.number().int() }).optional(),
  many: z.number().default(3),
});
type Operation = (input: z.output<typeof schema>, context: OperationContext) => Promise<unknown>;

async function call(
  operation: Operation,
  event: unknown,
  { context, needs }: { context?: LambdaContext; needs?: Needs } = {},
) {
  const { dependencies, lines } = given();
  const handler = handle('try-out', schema, operation, needs);
  const outcome = await withDependencies(dependencies, () => handler(event, context ?? lambdaContext())).then(
    (output) => ({ output, error: undefined }),
    (error: Error) => ({ output: undefined, error }),
  );
  return { ...outcome, lines };
}

describe('the input', () => {
  test('reaches the operation as the schema makes it: defaults filled in, the rest left out', async () => {
    const { output } = await call(async (input) => input, { name: 'x', strange: true });
    expect(output).toEqual({ name: 'x', many: 3 });
  });

  test.each([
    [undefined, 'name: '],
    [[], 'input: '],
    [{}, 'name: '],
    [{ name: 7 }, 'name: '],
    [{ name: 'x', job: { shard: 1.5 } }, 'job.shard: '],
  ])('%j is refused with the path and the problem', async (event, path) => {
    let called = false;
    const { error } = await call(async () => {
      called = true;
    }, event);
    expect(error).toMatchObject({
      name: 'InputInvalid',
      message: expect.stringContaining(`the input of try-out is wrong: ${path}`),
    });
    expect(error!.message).toContain(' Hint: ');
    expect(called).toBe(false);
  });

  test('every problem is told at once', async () => {
    const { error } = await call(async () => {}, { name: 1, job: { shard: 'x' } });
    expect(error!.message).toMatch(/name: .*; job\.shard: /);
  });
});

describe('the answer', () => {
  test('of 256 KiB fits, one byte more does not', async () => {
    const answer = (bytes: number) => call(async () => 'x'.repeat(bytes - 2), { name: 'x' });
    expect((await answer(262_144)).output).toHaveLength(262_142);
    expect((await answer(262_145)).error).toMatchObject({ name: 'PayloadTooLarge' });
  });

  test('is counted in bytes of UTF-8', async () => {
    expect((await call(async () => 'ü'.repeat(140_000), { name: 'x' })).error).toMatchObject({
      name: 'PayloadTooLarge',
    });
  });
});

describe('an error', () => {
  const failing: Operation = async () =>
    fail('DumpFailed', 'pg_dump postgres://node:hunter2@db/nodes ended with 1', {
      hint: 'Look at what it printed.',
      context: { source: 'db', exit: 1, password: 'hunter2' },
      cause: new Error('hunter2 inside'),
    });

  test('leaves under its own name, with what and what to do, and nothing else', async () => {
    const { error } = await call(failing, { name: 'x' });
    expect(error!.name).toBe('DumpFailed');
    expect(error!.message).toBe(
      'pg_dump postgres://node:***@db/nodes ended with 1. Hint: Look at what it printed. Context: {"exit":1,"password":"***","source":"db"}',
    );
    expect(error!.stack).toBe('DumpFailed');
    // Lambda logs and reports every property of an error.
    expect(Object.getOwnPropertyNames(error).toSorted()).toEqual(['message', 'name', 'stack']);
  });

  test('can be read back from the cause that Step Functions hands on', async () => {
    const { error } = await call(failing, { name: 'x' });
    const Cause = JSON.stringify({ errorType: error!.name, errorMessage: error!.message, trace: [] });
    expect(readFailure({ Error: error!.name, Cause })).toEqual({
      name: 'DumpFailed',
      message: 'pg_dump postgres://node:***@db/nodes ended with 1.',
      hint: 'Look at what it printed.',
    });
  });

  test('that nobody foresaw is Unexpected', async () => {
    for (const thrown of [new TypeError('x is not a function'), 'a string', null, undefined, 0]) {
      const { error } = await call(
        async () => {
          throw thrown;
        },
        { name: 'x' },
      );
      expect(error, String(thrown)).toMatchObject({ name: 'Unexpected', stack: 'Unexpected' });
    }
  });

  test('is logged once, with its stack, without secrets', async () => {
    const { lines } = await call(failing, { name: 'x' });
    expect(lines).toMatchObject([
      {
        level: 'error',
        code: 'function-failed',
        function: 'try-out',
        request: 'request-1',
        outcome: 'DumpFailed',
        hint: 'Look at what it printed.',
      },
    ]);
    expect(lines[0]!.stack).toContain('handler.test.ts');
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('the log', () => {
  test('says which function and request, how it ended and how long it took', async () => {
    const { lines } = await call(
      async (_input, { log }) => {
        await systemClock.sleep(20);
        log.info('half-way', { at: 1 });
      },
      { name: 'x' },
    );
    const who = { function: 'try-out', request: 'request-1' };
    expect(lines).toMatchObject([
      { code: 'half-way', at: 1, ...who },
      { code: 'function-ended', outcome: 'success', ...who } as Line,
    ]);
    expect(lines[1]!.milliseconds).toBeGreaterThanOrEqual(15);
    expect(lines[1]!.milliseconds).toBeLessThan(1000);
  });
});

describe('the deadline', () => {
  test.each([
    [900_000, 880_000],
    [10_000, 6_000],
    [2_000, 1_200],
  ])('of %i ms leaves %i to work', async (limit, work) => {
    const { output } = await call(
      async (_input, { deadline }) => [deadline.remaining(), deadline.passed()],
      { name: 'x' },
      { context: lambdaContext(limit) },
    );
    const [remaining, passed] = output as [number, boolean];
    expect(remaining).toBeLessThanOrEqual(work);
    expect(remaining).toBeGreaterThan(work - 100);
    expect(passed).toBe(false);
  });

  test('passes as time does', async () => {
    const work: Operation = async (_input, { deadline }) => {
      let turns = 0;
      for (; !deadline.passed(); turns += 1) await systemClock.sleep(5);
      return turns;
    };
    const { output } = await call(work, { name: 'x' }, { context: lambdaContext(600) });
    expect(output).toBeGreaterThan(5);
  });

  test('an operation that does not look at it fails under a name of ours, just before Lambda ends it', async () => {
    const { error } = await call(() => systemClock.sleep(700), { name: 'x' }, { context: lambdaContext(400) });
    expect(error).toMatchObject({ name: 'DeadlineExceeded' });
  });
});

describe('what an operation may use', () => {
  test('beyond the vaults is only what its function names', async () => {
    const uses: Operation[] = [
      async (_input, { source }) => source('data'),
      async (_input, { sourceOfKind }) => sourceOfKind('files'),
      async (_input, { alerts }) => alerts.send({} as never),
    ];
    for (const use of uses) {
      const { error } = await call(use, { name: 'x' });
      expect(error!.message).toMatch(/^the function try-out uses (sources|alerts) without naming them/);
    }
  });

  test('is there when it is named', async () => {
    const { error } = await call(
      async (_input, { source }) => source('data'),
      { name: 'x' },
      { needs: { sources: () => expect.unreachable() } },
    );
    expect(error!.message).toContain('not meant to be used');
  });
});
