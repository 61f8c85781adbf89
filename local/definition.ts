/**
 * Reads a state machine as it is deployed and prepares it for the library that interprets it. The library knows no virtual
 * time, keeps running the items of a map that has failed, and silently ignores what it does not know. So whatever takes
 * time or calls out (Task, Map, Wait) becomes a task of the library's that the interpreter carries out, and a field that
 * would be ignored is refused here.
 */
import { readFileSync } from 'node:fs';
import { fail } from '../src/core/errors.ts';
import type { Json } from '../src/core/json.ts';
import type { Retrier } from './retry.ts';

type Fields = Readonly<Record<string, Json | undefined>>;

export interface State extends Fields {
  readonly Type: string;
}

export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
}

/** What the interpreter does for a state of the library's. */
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
  /** In the library's words. */
  readonly definition: Definition;
  /** By state name. */
  readonly duties: ReadonlyMap<string, Duty>;
}

/** The library would end a task after 60 seconds unless told otherwise; time limits are the interpreter's matter. */
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
    states[name] = withOwnExecution(duty ? asTask(state) : state);
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
    selector: withOwnExecution(state.ItemSelector),
    concurrency: (state.MaxConcurrency as number) || 40,
    distributed: processor.ProcessorConfig?.Mode === 'DISTRIBUTED',
  };
}

/** The same way in and out; what happens between is the interpreter's. */
function asTask(state: State): State {
  const { Type, InputPath, ResultSelector, ResultPath, OutputPath, Catch, Next, End } = state;
  const parameters: Record<string, Json | undefined> = {
    Task: state.Parameters,
    Map: { 'items.$': state.ItemsPath ?? '$', 'input.$': '$' },
    Wait: state.SecondsPath === undefined ? { seconds: state.Seconds } : { 'seconds.$': state.SecondsPath },
  };
  const task: Record<string, Json | undefined> = {
    Resource: 'arn:aws:lambda:local:000000000000:function:interpreter',
    TimeoutSeconds: never,
    InputPath,
    Parameters: parameters[Type],
    ResultSelector,
    ResultPath: Type === 'Wait' ? null : ResultPath,
    OutputPath,
    Catch,
    Next,
    End,
  };
  // The library asks whether a field is there, not whether it is defined.
  return { Type: 'Task', ...Object.fromEntries(Object.entries(task).filter(([, value]) => value !== undefined)) };
}

/** The library overwrites `$$.Execution.StartTime` with the machine's time, so the execution is kept under another name. */
function withOwnExecution<Value>(value: Value): Value {
  return value === undefined
    ? value
    : JSON.parse(JSON.stringify(value).replaceAll('$$.Execution.', () => '$$.Interpreted.'));
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
  if ('Result' in state && !state.Result) refuse(name, 'its Result is empty and would be ignored');
  // Between JSONPath dialects, a path that may select many values means different things.
  const wild = JSON.stringify({ ...state, ItemProcessor: undefined }).match(/"(\$[^"]*(?:\*|\.\.|\?)[^"]*)"/)?.[1];
  if (wild !== undefined) refuse(name, `its path ${wild} may select many values`);
}

function refuse(name: string, why: string): never {
  fail('Unexpected', `state ${name}: ${why}`, {
    hint: 'See statemachines/README.md for what the state machines may use.',
  });
}
