/**
 * What Tidemark uses of an AWS region, on one machine: workflows, functions and events, tied together. Every execution that
 * ends is an event again, and so a failure reaches `notice-failure` here as it does when deployed.
 */
import { rulesOf } from '../events/rules.ts';
import type { Dependencies } from '../functions/dependencies.ts';
import { functionOf } from '../functions/index.ts';
import type { Json } from '../src/core/json.ts';
import { createEngine, type Engine, type ExecutionEvent, type ExecutionRecord } from './engine.ts';
import { type Bus, createBus, type EventBridgeEvent, statusEvent } from './events.ts';
import { createInvoker, type Invocation } from './invoke.ts';

export interface RegionOptions {
  /** What operations are given; the plan among them says which events start a backup. */
  readonly dependencies: Dependencies;
  /** How long a function may run; Lambda's most unless told otherwise. */
  readonly timeoutMilliseconds?: number | ((functionName: string) => number);
  /** How many functions run at once. */
  readonly concurrency?: number;
  readonly onEvent?: (event: ExecutionEvent) => void;
  readonly onInvocation?: (invocation: Invocation) => void;
  readonly onUndelivered?: (functionName: string, event: EventBridgeEvent, error: unknown) => void;
}

export interface Region extends Pick<Engine, 'start' | 'executions'>, Pick<Bus, 'publish'> {
  /** Starts an execution and resolves when it has ended and everybody was told. Errors: those of `start`. */
  run(workflow: string, input: Json, name?: string): Promise<ExecutionRecord>;
}

export function createRegion(options: RegionOptions): Region {
  const { dependencies } = options;
  const { clock, random, plan } = dependencies;
  const call = createInvoker({ clock, random, ...options });
  const engine = createEngine({
    clock,
    random,
    call,
    functionOf,
    ...(options.onEvent && { onEvent: options.onEvent }),
    onStatus: (record) => void bus.publish(statusEvent(record)),
  });
  const bus = createBus({
    rules: rulesOf(plan),
    clock,
    call,
    start: (workflow, input, name) => engine.start(workflow, input, name),
    ...(options.onUndelivered && { onUndelivered: options.onUndelivered }),
  });
  return {
    start: (workflow, input, name) => engine.start(workflow, input, name),
    get executions() {
      return engine.executions;
    },
    publish: (event) => bus.publish(event),
    async run(workflow, input, name) {
      const record = await engine.start(workflow, input, name).ended;
      await bus.settled();
      return record;
    },
  };
}
