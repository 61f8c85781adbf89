/** Functions called as Lambda would call them, on this machine. */
import { describe, expect, test, vi } from 'vitest';
import type { Handler } from '../../functions/handler.ts';
import { functions } from '../../functions/index.ts';
import { createInvoker, type Invocation, type InvokerOptions } from '../../local/invoke.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { seededRandom } from '../../src/core/random.ts';
import { given } from './given.ts';

/** Calls `plan-backup` with this in its place. */
function invoker(handler: Handler, options: Partial<InvokerOptions> = {}) {
  vi.spyOn(functions, 'plan-backup').mockResolvedValue({ handler });
  const invocations: Invocation[] = [];
  const invoke = createInvoker({
    clock: systemClock,
    random: seededRandom(2),
    dependencies: given().dependencies,
    onInvocation: (invocation) => invocations.push(invocation),
    ...options,
  });
  return { call: (event: Json = {}) => invoke('plan-backup', event), invocations };
}

const causeOf = (error: unknown) => JSON.parse((error as Error).message);

describe('what goes in and comes out', () => {
  test('is what JSON leaves of it, so nothing is shared', async () => {
    const event = { list: [1], gone: undefined } as unknown as Json;
    let seen: unknown;
    const { call } = invoker(async (input) => {
      seen = input;
      (input as { list: number[] }).list.push(2);
      return { at: new Date('2026-03-15T00:00:00Z'), gone: undefined, not: Number.NaN };
    });
    expect(await call(event)).toEqual({ at: '2026-03-15T00:00:00.000Z', not: null });
    expect(event).toEqual({ list: [1], gone: undefined });
    expect(seen).toEqual({ list: [1, 2] });
  });

  test('a handler that returns nothing returns null', async () => {
    expect(await invoker(async () => undefined).call()).toBeNull();
  });
});

describe('the context', () => {
  test('names the function and the request, and counts the time down', async () => {
    const { call, invocations } = invoker(
      async (_event, context) => {
        const before = context.getRemainingTimeInMillis();
        await systemClock.sleep(30);
        return { ...context, before, after: context.getRemainingTimeInMillis() };
      },
      { timeoutMilliseconds: (name) => (name === 'plan-backup' ? 5_000 : 1) },
    );
    const context = (await call()) as Record<string, number | string>;
    expect(context).toMatchObject({
      functionName: 'plan-backup',
      awsRequestId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:plan-backup',
    });
    expect(context.before).toBeLessThanOrEqual(5_000);
    expect(Number(context.before) - Number(context.after)).toBeGreaterThanOrEqual(25);
    expect(invocations).toMatchObject([{ functionName: 'plan-backup', requestId: context.awsRequestId }]);
  });

  test('gives Lambda’s most when nothing else is said', async () => {
    const remaining = await invoker(async (_event, context) => context.getRemainingTimeInMillis()).call();
    expect(remaining).toBeGreaterThan(899_000);
  });
});

describe('a handler that throws', () => {
  test('fails under its error’s name, with type, message and trace', async () => {
    const error = Object.assign(new Error('what happened'), { name: 'DumpFailed', stack: 'DumpFailed\n    at x' });
    const { call, invocations } = invoker(async () => {
      throw error;
    });
    const failure = await call().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'DumpFailed' });
    expect(causeOf(failure)).toEqual({
      errorType: 'DumpFailed',
      errorMessage: 'what happened',
      trace: ['DumpFailed', '    at x'],
    });
    expect(invocations).toMatchObject([{ error: 'DumpFailed' }]);
  });

  test('something that is no error', async () => {
    const { call } = invoker(() => Promise.reject('text'));
    await expect(call()).rejects.toMatchObject({ name: 'string' });
  });

  test('an answer that is no JSON fails', async () => {
    const { call } = invoker(async () => 1n);
    await expect(call()).rejects.toMatchObject({ name: 'TypeError' });
  });

  test('a function that is not there', async () => {
    const invoke = createInvoker({ clock: systemClock, random: seededRandom(2), dependencies: given().dependencies });
    await expect(invoke('plan-lunch', {})).rejects.toMatchObject({ name: 'Lambda.ResourceNotFoundException' });
  });
});

describe('time and places', () => {
  test('a handler whose time is over is ended as Lambda ends it', async () => {
    const started = systemClock.elapsed();
    const { call, invocations } = invoker(() => new Promise(() => {}), { timeoutMilliseconds: 80 });
    const failure = await call().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'Sandbox.Timedout' });
    expect(causeOf(failure).errorMessage).toMatch(
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.08 seconds$/,
    );
    expect(systemClock.elapsed() - started).toBeLessThan(1_000);
    expect(invocations).toMatchObject([{ error: 'Sandbox.Timedout' }]);
  });

  test('one that throws after its time does not trouble anybody', async () => {
    const { call } = invoker(
      async () => {
        await systemClock.sleep(80);
        throw new Error('too late');
      },
      { timeoutMilliseconds: 20 },
    );
    await expect(call()).rejects.toMatchObject({ name: 'Sandbox.Timedout' });
    await systemClock.sleep(120); // an unhandled rejection would fail this file
  });

  test('no more run at once than there are places, and waiting costs no time of one’s own', async () => {
    let [now, most] = [0, 0];
    const remaining: number[] = [];
    const { call } = invoker(
      async (_event, context) => {
        now += 1;
        most = Math.max(most, now);
        remaining.push(context.getRemainingTimeInMillis());
        await systemClock.sleep(20);
        now -= 1;
      },
      { concurrency: 2, timeoutMilliseconds: 200 },
    );
    await Promise.all(Array.from({ length: 9 }, () => call()));
    expect(most).toBe(2);
    expect(Math.min(...remaining)).toBeGreaterThan(150);
  });

  test('a failure gives its place back', async () => {
    let calls = 0;
    const { call } = invoker(
      async () => {
        calls += 1;
        throw new Error('no');
      },
      { concurrency: 1 },
    );
    await Promise.allSettled([call(), call(), call()]);
    expect(calls).toBe(3);
  });
});
