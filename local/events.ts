/**
 * EventBridge on one machine: an event starts the workflows, and calls the functions, whose rules it matches. The name of
 * an execution is made of the rule and the event's id, so an event that is delivered twice starts one execution.
 */
import { eventMark, type Rule } from '../events/rules.ts';
import type { Clock } from '../src/core/clock.ts';
import { shortHash } from '../src/core/ids.ts';
import type { Json } from '../src/core/json.ts';
import { type Execution, type ExecutionRecord, machineArn } from './engine.ts';
import { matchesPattern } from './pattern.ts';

/** As EventBridge delivers it. */
export interface EventBridgeEvent {
  readonly version: string;
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: { readonly [key: string]: Json };
}

export interface BusOptions {
  readonly rules: readonly Rule[];
  readonly clock: Clock;
  readonly start: (workflow: string, input: Json, name: string) => Execution;
  readonly call: (functionName: string, event: Json) => Promise<Json>;
  /** Told of a function that failed each time it was called with an event; deployed, the event goes to a queue then. */
  readonly onUndelivered?: (functionName: string, event: EventBridgeEvent, error: unknown) => void;
}

export interface Bus {
  /** The executions that the event started, or had started before. Functions are called in the background. */
  publish(event: EventBridgeEvent): readonly Execution[];
  /** Resolves when every function that an event called has ended. */
  settled(): Promise<void>;
}

export function createBus(options: BusOptions): Bus {
  const calls = new Set<Promise<void>>();
  const deliver = async (functionName: string, event: EventBridgeEvent): Promise<void> => {
    // An asynchronous invocation is tried twice more, after one minute and after two.
    for (const pause of [0, 60_000, 120_000]) {
      await options.clock.sleep(pause);
      const error = await options.call(functionName, event as unknown as Json).then(
        () => undefined,
        (reason: unknown) => reason ?? 'failed',
      );
      if (error === undefined) return;
      if (pause === 120_000) options.onUndelivered?.(functionName, event, error);
    }
  };
  return {
    publish(event) {
      const executions: Execution[] = [];
      for (const rule of options.rules) {
        if (!matchesPattern(withArns(rule.pattern), event as unknown as Json)) continue;
        if (rule.workflow !== undefined) {
          const name = `${event.id}-${rule.name}`.replace(/[^\w.+=-]/g, '_').slice(0, 80);
          executions.push(options.start(rule.workflow, inputOf(rule, event), name));
        }
        if (rule.function !== undefined) {
          const call = deliver(rule.function, event).finally(() => calls.delete(call));
          calls.add(call);
        }
      }
      return executions;
    },
    async settled() {
      while (calls.size > 0) await Promise.all(calls);
    },
  };
}

function withArns(pattern: Rule['pattern']): Rule['pattern'] {
  return JSON.parse(JSON.stringify(pattern).replace(/\$\{(\w+)\}/g, (_mark, workflow: string) => machineArn(workflow)));
}

function inputOf({ input }: Rule, event: EventBridgeEvent): Json {
  if (input === undefined) return event as unknown as Json;
  return JSON.parse(JSON.stringify(input).replaceAll(JSON.stringify(eventMark), () => JSON.stringify(event))) as Json;
}

/** What AWS emits when an execution starts or ends: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export function statusEvent(record: ExecutionRecord): EventBridgeEvent {
  const { workflow, name, arn, status, startTime, stopTime, input, output, error, cause } = record;
  const time = stopTime ?? startTime;
  return {
    version: '0',
    id: shortHash(arn, status, time),
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account: '000000000000',
    time: time.replace(/\.\d+Z$/, 'Z'),
    region: 'local',
    resources: [arn],
    detail: {
      executionArn: arn,
      stateMachineArn: machineArn(workflow),
      name,
      status,
      startDate: Date.parse(startTime),
      stopDate: stopTime === undefined ? null : Date.parse(stopTime),
      input: JSON.stringify(input),
      inputDetails: { included: true },
      output: output === undefined ? null : JSON.stringify(output),
      outputDetails: output === undefined ? null : { included: true },
      error: error ?? null,
      cause: cause ?? null,
    },
  };
}
