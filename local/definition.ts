/**
 * Reads a state machine as it is deployed and prepares it for being walked. Whatever takes time or calls out (Task, Map,
 * Wait) becomes a task with a duty; what is not interpreted on one machine is refused here, before anything runs.
 */
import { readFileSync } from 'node:fs';
import { fail } from '../src/core/errors.ts';
import type { Json } from '../src/core/json.ts';
import { checkTemplate, comparisons, expressionOf, type Fields } from './path.ts';
import type { Retrier } from './retry.ts';

export interface State extends Fields {
  readonly Type: string;
}

export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
}

/** What the interpreter does for a task. */
export type Duty =
  | {
      readonly type: 'Task';
      readonly functionName: string;
      readonly retry: readonly Retrier[];
      readonly seconds: number;
    }
  | {
      readonly type: 'Map';
      readonly machine: Machine;
      readonly retry: readonly Retrier[];
      readonly selector: Json | undefined;
      readonly concurrency: number;
      readonly distributed: boolean;
    }
  | { readonly type: 'Wait' };

export interface Machine {
  /** Without any Map and Wait. */
  readonly definition: Definition;
  /** By state name. */
  readonly duties: ReadonlyMap<string, Duty>;
}

/** Seconds. */
const never = 2_000_000;

/** As deployed, with `${PlanBackup}` replaced by what `functionOf` makes of `PlanBackup`. */
export function readDefinition(file: URL, functionOf: (substitution: string) => string | undefined): Definition {
  const text = readFileSync(file, 'utf8').replace(/\$\{(\w+)\}/g, (_match, name: string) => {
    return functionOf(name) ?? fail('Unexpected', `${file.pathname} calls \${${name}}, and there is no such function`);
  });
  return JSON.parse(text) as Definition;
}

export function prepare({ StartAt, States, TimeoutSeconds }: Definition): Machine {
  const duties = new Map<string, Duty>();
  const states: Record<string, State> = {};
  for (const [name, state] of Object.entries(States)) {
    refuseUnknown(name, state);
    const duty = dutyOf(state);
    if (duty) duties.set(name, duty);
    states[name] = duty ? asTask(state) : state;
  }
  return { definition: { StartAt, States: states, ...(TimeoutSeconds !== undefined && { TimeoutSeconds }) }, duties };
}

function dutyOf(state: State): Duty | undefined {
  const retry = (state.Retry ?? []) as unknown as readonly Retrier[];
  if (state.Type === 'Wait') return { type: 'Wait' };
  if (state.Type === 'Task') {
    return {
      type: 'Task',
      functionName: state.Resource as string,
      retry,
      seconds: (state.TimeoutSeconds as number) ?? never,
    };
  }
  if (state.Type !== 'Map') return undefined;
  const processor = state.ItemProcessor as unknown as Definition & { ProcessorConfig?: { Mode?: string } };
  return {
    type: 'Map',
    machine: prepare(processor),
    retry,
    selector: state.ItemSelector,
    concurrency: (state.MaxConcurrency as number) || 40,
    distributed: processor.ProcessorConfig?.Mode === 'DISTRIBUTED',
  };
}

/** The same way in and out; what happens between is the interpreter's. */
function asTask(state: State): State {
  const { Type, InputPath, ResultSelector, ResultPath, OutputPath, Catch, Next } = state;
  const parameters: Record<string, Json | undefined> = {
    Task: state.Parameters,
    Map: { 'items.$': state.ItemsPath ?? '$', 'input.$': '$' },
    Wait: state.SecondsPath === undefined ? { seconds: state.Seconds } : { 'seconds.$': state.SecondsPath },
  };
  const task: Record<string, Json | undefined> = {
    InputPath,
    Parameters: parameters[Type],
    ResultSelector,
    ResultPath: Type === 'Wait' ? null : ResultPath,
    OutputPath,
    Catch,
    Next,
  };
  return { Type: 'Task', ...task };
}

const everywhere = ['Type', 'Comment', 'InputPath', 'OutputPath'];
const onward = [...everywhere, 'ResultPath', 'Next', 'End'];
const guarded = [...onward, 'ResultSelector', 'Retry', 'Catch'];
const known: Readonly<Record<string, readonly string[]>> = {
  Task: [...guarded, 'Resource', 'Parameters', 'TimeoutSeconds'],
  Map: [...guarded, 'Label', 'ItemsPath', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency'],
  Pass: [...onward, 'Result', 'Parameters'],
  Wait: [...onward, 'Seconds', 'SecondsPath'],
  Choice: [...everywhere, 'Choices', 'Default'],
  Succeed: everywhere,
  Fail: ['Type', 'Comment', 'Error', 'Cause', 'ErrorPath', 'CausePath'],
};

function refuseUnknown(name: string, state: State): void {
  const fields = known[state.Type];
  const strange = fields ? Object.keys(state).find((field) => !fields.includes(field)) : 'Type';
  if (strange !== undefined) refuse(name, `its ${strange} is not interpreted on one machine`);
  if (state.ResultPath === '$') refuse(name, 'its ResultPath is the default; leave it out');
  // Between JSONPath dialects, a path that may select many values means different things.
  const wild = JSON.stringify({ ...state, ItemProcessor: undefined }).match(/"(\$[^"]*(?:\*|\.\.|\?)[^"]*)"/)?.[1];
  if (wild !== undefined) refuse(name, `its path ${wild} may select many values`);
  try {
    checkExpressions(state);
  } catch (error) {
    refuse(name, (error as SyntaxError).message);
  }
}

const templates = ['Parameters', 'ResultSelector', 'ItemSelector'];
const paths = ['InputPath', 'ResultPath', 'OutputPath', 'ItemsPath', 'SecondsPath', 'ErrorPath', 'CausePath'];

function checkExpressions(state: State): void {
  for (const field of templates) checkTemplate(state[field]);
  for (const field of paths) if (typeof state[field] === 'string') expressionOf(state[field]);
  for (const { Variable, Next: _next, ...tests } of (state.Choices ?? []) as readonly Record<string, Json>[]) {
    const strange = Object.keys(tests).find((test) => !Object.hasOwn(comparisons, test));
    if (strange !== undefined) throw new SyntaxError(`its choice by ${strange} is not interpreted on one machine`);
    expressionOf(Variable as string);
  }
  for (const { ResultPath } of (state.Catch ?? []) as readonly Record<string, Json>[]) {
    if (typeof ResultPath === 'string') expressionOf(ResultPath);
  }
}

function refuse(name: string, why: string): never {
  fail('Unexpected', `state ${name}: ${why}`, {
    hint: 'See statemachines/README.md for what the state machines may use.',
  });
}
