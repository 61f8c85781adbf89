/** One execution of a state machine: its record, from its start to the moment when nothing of it runs any more. */
import type { Clock } from '../src/core/clock.ts';
import type { Json } from '../src/core/json.ts';
import type { Random } from '../src/core/random.ts';
import type { Machine } from './definition.ts';
import { asStateFailure } from './failure.ts';
import { interpret, type StateEvent } from './interpreter.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface ExecutionRecord {
  readonly workflow: string;
  readonly name: string;
  readonly arn: string;
  readonly input: Json;
  readonly startTime: string;
  readonly status: ExecutionStatus;
  readonly stopTime?: string;
  /** Of an execution that succeeded. */
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  /** What the last function on the top level returned: the report of an execution that failed after concluding. */
  readonly report?: Json;
}

export interface Execution {
  /** As it is now. */
  readonly record: ExecutionRecord;
  /** Resolves when nothing of the execution runs any more, whatever its status. */
  readonly ended: Promise<ExecutionRecord>;
  /** Starts nothing more; what runs comes to its end. */
  stop(): void;
}

export interface ExecutionEvent extends StateEvent {
  readonly workflow: string;
  readonly execution: string;
  readonly time: string;
}

export interface ExecutionDoors {
  readonly clock: Clock;
  readonly random: Random;
  /** Calls a function as Lambda would: see `invoke.ts`. */
  readonly call: (functionName: string, input: Json) => Promise<Json>;
  readonly onEvent?: (event: ExecutionEvent) => void;
  /** Told of every change of status, with the record as it then is. */
  readonly onStatus?: (record: ExecutionRecord) => void;
}

export function execute(
  workflow: string,
  name: string,
  input: Json,
  machine: Machine,
  doors: ExecutionDoors,
): Execution {
  const { clock, random } = doors;
  const stopping = new AbortController();
  const running = new Set<Promise<Json>>();
  const arn = `arn:aws:states:local:000000000000:execution:${workflow}:${name}`;
  let record: ExecutionRecord = { workflow, name, arn, input, startTime: clock.now().toISOString(), status: 'RUNNING' };
  const change = (to: Partial<ExecutionRecord>): void => {
    record = { ...record, ...to };
  };
  const call = async (functionName: string, given: Json): Promise<Json> => {
    const result = doors.call(functionName, given);
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  };
  const onEvent = (event: StateEvent): void =>
    doors.onEvent?.({ ...event, workflow, execution: name, time: clock.now().toISOString() });
  const run = async (): Promise<Partial<ExecutionRecord>> => {
    try {
      const output = await interpret(machine, input, {
        doors: { clock, random, call, onEvent, onResult: (report) => change({ report }) },
        path: [],
        context: { Execution: { Id: arn, Name: name, Input: input, StartTime: record.startTime } },
        signal: stopping.signal,
      });
      return { status: 'SUCCEEDED', output };
    } catch (error) {
      const { name: what, message, terminal } = asStateFailure(error);
      if (stopping.signal.aborted) return { status: 'ABORTED' };
      return { status: terminal && what === 'States.Timeout' ? 'TIMED_OUT' : 'FAILED', error: what, cause: message };
    }
  };
  const end = async (): Promise<ExecutionRecord> => {
    doors.onStatus?.(record);
    const outcome = await run();
    stopping.abort();
    await Promise.allSettled(running);
    change({ ...outcome, stopTime: clock.now().toISOString() });
    doors.onStatus?.(record);
    return record;
  };
  return {
    get record() {
      return record;
    },
    ended: end(),
    stop: () => stopping.abort(),
  };
}
