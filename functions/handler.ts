/**
 * The one way in which an operation becomes a Lambda function: the event is checked against the operation's schema, the
 * operation is given a context with a deadline, the answer has to fit a workflow's payload, and whatever is thrown reaches
 * Step Functions under a name of the error table, with a message for people and without a stack.
 */
import middy, { type MiddlewareObj } from '@middy/core';
import type * as z from 'zod';
import { systemClock } from '../src/core/clock.ts';
import type { Deadline } from '../src/core/deadline.ts';
import { asTidemarkError, fail } from '../src/core/errors.ts';
import { failureMessage } from '../src/core/failure.ts';
import type { OperationContext } from '../src/operations/context.ts';
import { currentDependencies, currentLog, type Needs, needed } from './dependencies.ts';

/** What is used of Lambda's context object. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

type Operation<Input, Output> = (input: Input, context: OperationContext) => Promise<Output>;
type Middleware = MiddlewareObj<unknown, unknown, unknown>;

/** Bytes of JSON: what a state of a workflow may hand on. */
export const payloadLimit = 262_144;

/** `needs` names what the operation may use beyond the vaults; the rest is refused to it. */
export function handle<Schema extends z.ZodType, Output>(
  name: string,
  schema: Schema,
  operation: Operation<z.output<Schema>, Output>,
  needs: Needs = {},
): Handler {
  const run = async (input: unknown, context: LambdaContext): Promise<Output> => {
    const log = currentLog().with({ function: name, request: context.awsRequestId });
    const dependencies = needed(await currentDependencies(needs), name, needs);
    return operation(input as z.output<Schema>, { ...dependencies, log, deadline: deadlineOf(context) });
  };
  // What is used last wraps closest: an error is logged as it is, and then made plain.
  return middy(run as never, { timeoutEarlyInMillis: earlyBy, timeoutEarlyResponse: () => tooLate(name) })
    .use(plain)
    .use(logged(name))
    .use(validated(name, schema))
    .use(fitting(name)) as unknown as Handler;
}

/** A piece of work under way must be able to end, and its cursor to be stored, before Lambda ends everything. */
function deadlineOf(context: LambdaContext): Deadline {
  const reserve = Math.min(20_000, Math.max(context.getRemainingTimeInMillis() * 0.4, 2 * earlyBy));
  const remaining = (): number => context.getRemainingTimeInMillis() - reserve;
  return { remaining, passed: () => remaining() <= 0 };
}

/** An operation that missed its deadline still fails under a name of ours, just before Lambda would end it under its own. */
const earlyBy = 100;

function tooLate(name: string): never {
  return fail('DeadlineExceeded', `${name} was still at work when its time was over`, {
    hint: 'Give the function more time or memory.',
  });
}

/** The error that leaves carries a name and a message, no stack and no cause: Lambda would show them to everybody. */
const plain: Middleware = {
  onError(request) {
    const known = asTidemarkError(request.error);
    const error = new Error(failureMessage(known));
    error.name = known.name;
    error.stack = known.name;
    request.error = error;
  },
};

function logged(name: string): Middleware {
  const started = new WeakMap<object, number>();
  const tell = (request: { context: unknown }, outcome: string): Record<string, unknown> => ({
    function: name,
    request: (request.context as LambdaContext).awsRequestId,
    outcome,
    milliseconds: Math.round(systemClock.elapsed() - (started.get(request) ?? Number.NaN)),
  });
  return {
    before: (request) => void started.set(request, systemClock.elapsed()),
    after: (request) => currentLog().info('function-ended', tell(request, 'success')),
    onError(request) {
      const { message, hint, context, name: outcome } = asTidemarkError(request.error);
      const stack = request.error instanceof Error ? request.error.stack : undefined;
      currentLog().error('function-failed', { ...tell(request, outcome), message, hint, context, stack });
    },
  };
}

function validated(name: string, schema: z.ZodType): Middleware {
  return {
    before(request) {
      const read = schema.safeParse(request.event);
      if (read.success) request.event = read.data;
      else {
        const problems = read.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
        fail('InputInvalid', `the input of ${name} is wrong: ${problems.join('; ')}`, {
          hint: 'Compare it with the samples in events/ and the table in statemachines/README.md.',
          context: { function: name, problems },
        });
      }
    },
  };
}

function fitting(name: string): Middleware {
  return {
    after(request) {
      const bytes = Buffer.byteLength(JSON.stringify(request.response) ?? '');
      if (bytes <= payloadLimit) return;
      fail('PayloadTooLarge', `the answer of ${name} is ${bytes} bytes; a state may hand on ${payloadLimit}`, {
        hint: 'Store it in the vault and hand on a reference.',
        context: { function: name, bytes },
      });
    },
  };
}
