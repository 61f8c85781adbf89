/**
 * Runs one prepared machine to its end. `walk.ts` goes from state to state; here are the duties: calling functions with their
 * retries, maps, waits. A map stops starting things when an item has failed and lets what runs come to its end, as there is
 * no other machine to leave it on.
 */
import { type Clock, systemClock } from '../src/core/clock.ts';
import type { Json } from '../src/core/json.ts';
import type { Random } from '../src/core/random.ts';
import type { Duty, Machine } from './definition.ts';
import { limitPayload, StateFailure } from './failure.ts';
import { filled } from './path.ts';
import { retrying } from './retry.ts';
import { type Passage, walk } from './walk.ts';

/** Something that happened to a state. `path` names the items of maps that it happened in: `['Jobs[0]', 'Shards[2]']`. */
export interface StateEvent {
  readonly kind: Passage['kind'] | 'retried';
  readonly state: string;
  readonly type: string;
  readonly path: readonly string[];
  readonly input?: Json;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly attempt?: number;
  readonly waitMilliseconds?: number;
}

export interface Doors {
  readonly clock: Clock;
  readonly random: Random;
  /** Calls a function; rejects with an error whose name is the function's error name. */
  readonly call: (functionName: string, input: Json) => Promise<Json>;
  readonly onEvent: (event: StateEvent) => void;
  /** Told what each function on the top level returned. */
  readonly onResult: (result: Json) => void;
}

/** What a machine runs in: an execution, or an item of a map. */
export interface Frame {
  readonly doors: Doors;
  readonly path: readonly string[];
  /** What `$$` stands for. */
  readonly context: { readonly Execution: Readonly<Record<string, Json>> };
  /** Aborted when the execution, or the map around, is to start nothing more. */
  readonly signal: AbortSignal;
}

/** The machine's output. Rejects with a {@link StateFailure}, `States.Timeout` when the machine's own time was up. */
export async function interpret(machine: Machine, input: Json, frame: Frame): Promise<Json> {
  limitPayload(input, 'The input');
  const over = new AbortController();
  const walked = walk(machine.definition, input, {
    context: frame.context,
    perform: (state, given) => perform(state, machine.duties.get(state)!, given, frame),
    onPassage: (passage) =>
      frame.doors.onEvent({
        ...passage,
        type: machine.duties.get(passage.state)?.type ?? passage.type,
        path: frame.path,
      }),
    signal: over.signal,
  });
  const { TimeoutSeconds: seconds } = machine.definition;
  if (seconds === undefined) return walked;
  try {
    return await within(seconds, walked, new StateFailure('States.Timeout', 'The execution took too long.', true));
  } finally {
    over.abort();
  }
}

async function perform(state: string, duty: Duty, input: Json, frame: Frame): Promise<Json> {
  const { doors, path, signal } = frame;
  if (signal.aborted) throw stopped();
  if (duty.type === 'Wait') {
    await doors.clock.sleep((input as { seconds: number }).seconds * 1000, signal);
    return null;
  }
  limitPayload(input, `What ${state} was given`);
  const onRetry = (failure: StateFailure, attempt: number, waitMilliseconds: number): void =>
    doors.onEvent({
      kind: 'retried',
      state,
      type: duty.type,
      path,
      error: failure.name,
      cause: failure.message,
      attempt,
      waitMilliseconds,
    });
  const output = await retrying(duty.retry, { clock: doors.clock, random: doors.random, signal, onRetry }, () =>
    duty.type === 'Task'
      ? within(
          duty.seconds,
          doors.call(duty.functionName, input),
          new StateFailure('States.Timeout', `The state took more than ${duty.seconds} seconds.`),
        )
      : mapItems(state, duty, input as unknown as { items: Json; input: Json }, frame),
  );
  limitPayload(output, `What ${state} returned`);
  if (duty.type === 'Task' && path.length === 0) doors.onResult(output);
  return output;
}

/** Real time, whatever the clock says: the function behind is really running. */
async function within(seconds: number, call: Promise<Json>, late: StateFailure): Promise<Json> {
  const over = new AbortController();
  const timeout = systemClock.sleep(seconds * 1000, over.signal).then(() => {
    throw late;
  });
  timeout.catch(() => {});
  try {
    return await Promise.race([call, timeout]);
  } finally {
    over.abort();
  }
}

async function mapItems(
  state: string,
  duty: Duty & { type: 'Map' },
  { items, input }: { items: Json; input: Json },
  frame: Frame,
): Promise<Json> {
  if (!Array.isArray(items)) throw new StateFailure('States.Runtime', `${state} has no array to go through.`, true);
  const results = new Array<Json>(items.length).fill(null);
  const enough = new AbortController();
  const signal = AbortSignal.any([frame.signal, enough.signal]);
  let failure: StateFailure | undefined;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length && !signal.aborted) {
      const index = next;
      next += 1;
      try {
        const within = { ...frame, path: [...frame.path, `${state}[${index}]`], signal };
        const item = select(duty, items[index]!, index, input, frame);
        results[index] = await interpret(duty.machine, item, duty.distributed ? asChild(within, state, index) : within);
      } catch (error) {
        failure ??= error as StateFailure;
        enough.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(duty.concurrency, items.length) }, work));
  if (frame.signal.aborted) throw stopped();
  if (failure) throw duty.distributed ? new StateFailure(...tolerance) : failure;
  return results;
}

/** All that a distributed map says of an item that failed, whatever the item's error was. */
const tolerance = [
  'States.ExceedToleratedFailureThreshold',
  'The specified tolerated failure threshold was exceeded',
] as const;

function select(duty: Duty & { type: 'Map' }, item: Json, index: number, input: Json, { context }: Frame): Json {
  if (duty.selector === undefined) return item;
  return filled(duty.selector, { input, context: { ...context, Map: { Item: { Index: index, Value: item } } } });
}

/** An item of a distributed map is an execution of its own, with a name and a start of its own. */
function asChild(frame: Frame, state: string, index: number): Frame {
  const { Name, Id } = frame.context.Execution;
  const own = {
    Name: `${Name}-${state}-${index}`,
    Id: `${Id}/${state}:${index}`,
    StartTime: frame.doors.clock.now().toISOString(),
  };
  return { ...frame, context: { ...frame.context, Execution: { ...frame.context.Execution, ...own } } };
}

function stopped(): StateFailure {
  return new StateFailure('Stopped', 'The execution, or the map around this state, was stopped.', true);
}
