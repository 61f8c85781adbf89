/**
 * Lambda on one machine: calls a function's handler with what survives JSON, a context that counts the time down, and an
 * end when the time is over. What a handler throws comes back as Lambda hands it to Step Functions: a failure whose name is
 * the error's type and whose cause is JSON of type, message and trace. A handler whose time is over can not be killed here;
 * nobody hears of it any more.
 */

import { type Dependencies, withDependencies } from '../functions/dependencies.ts';
import { functions, isFunctionName } from '../functions/index.ts';
import { type Clock, systemClock } from '../src/core/clock.ts';
import type { Json } from '../src/core/json.ts';
import type { Random } from '../src/core/random.ts';
import { StateFailure } from './failure.ts';

export interface InvokerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly dependencies: Dependencies;
  /** How long a function may run; Lambda's most unless told otherwise. */
  readonly timeoutMilliseconds?: number | ((functionName: string) => number);
  /** How many functions may run at once; those beyond wait. */
  readonly concurrency?: number;
  /** Told of each invocation that ended. */
  readonly onInvocation?: (invocation: Invocation) => void;
}

export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  readonly milliseconds: number;
  /** The error's name, when it failed. */
  readonly error?: string;
}

export type Invoke = (functionName: string, event: Json) => Promise<Json>;

const lambdaMost = 900_000;

export function createInvoker(options: InvokerOptions): Invoke {
  const {
    clock,
    random,
    dependencies,
    timeoutMilliseconds = lambdaMost,
    concurrency = Number.POSITIVE_INFINITY,
  } = options;
  const enter = turnstile(concurrency);
  return async (functionName, event) => {
    if (!isFunctionName(functionName)) {
      throw failure('Lambda.ResourceNotFoundException', `Function not found: ${functionName}`);
    }
    const { handler } = await functions[functionName]();
    const leave = await enter();
    const limit = typeof timeoutMilliseconds === 'number' ? timeoutMilliseconds : timeoutMilliseconds(functionName);
    const started = clock.elapsed();
    const requestId = requestIdFrom(random);
    const context = lambdaContext(functionName, requestId, () => Math.max(0, started + limit - clock.elapsed()));
    const given: unknown = JSON.parse(JSON.stringify(event ?? null));
    const ended = (error?: string): void =>
      options.onInvocation?.({
        functionName,
        requestId,
        milliseconds: clock.elapsed() - started,
        ...(error && { error }),
      });
    try {
      const handled = withDependencies(dependencies, async () => handler(given as never, context as never));
      const result = await limited(handled, limit, requestId);
      ended();
      return JSON.parse(JSON.stringify(result ?? null)) as Json;
    } catch (error) {
      const failed = error instanceof StateFailure ? error : thrown(error);
      ended(failed.name);
      throw failed;
    } finally {
      leave();
    }
  };
}

/** Real time even where the clock is virtual: it is a real handler that hangs. */
async function limited<Result>(handled: Promise<Result>, limit: number, requestId: string): Promise<Result> {
  const over = new AbortController();
  const kill = systemClock.sleep(limit, over.signal).then(() => {
    if (!over.signal.aborted) {
      throw failure(
        'Sandbox.Timedout',
        `RequestId: ${requestId} Error: Task timed out after ${(limit / 1000).toFixed(2)} seconds`,
      );
    }
    return undefined as never;
  });
  handled.catch(() => {});
  try {
    return await Promise.race([handled, kill]);
  } finally {
    over.abort();
  }
}

/** As the Node.js runtime of Lambda reports what a handler has thrown. */
function thrown(error: unknown): StateFailure {
  if (!(error instanceof Error)) return failure(typeof error, String(error));
  return failure(error.name, error.message, error.stack?.split('\n'));
}

function failure(errorType: string, errorMessage: string, trace: readonly string[] = []): StateFailure {
  return new StateFailure(errorType, JSON.stringify({ errorType, errorMessage, trace }));
}

function lambdaContext(functionName: string, awsRequestId: string, remaining: () => number): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '1769',
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: remaining,
  };
}

function requestIdFrom(random: Random): string {
  return random
    .bytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Lets `places` through at a time, in the order in which they came. */
function turnstile(places: number): () => Promise<() => void> {
  let free = places;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return leave;
  };
}
