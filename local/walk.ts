/**
 * Walks the states of a prepared machine from its start to its end: their input and output, choices, failures and catchers.
 * What takes time or calls out is a duty and is done by whoever walks; nothing here waits for anything else.
 */
import type { Json } from '../src/core/json.ts';
import type { Definition, State } from './definition.ts';
import { asStateFailure, limitPayload, StateFailure } from './failure.ts';
import { comparisons, expressionOf, type Fields, filled, placed, type Scope, valueAt } from './path.ts';
import { type Catcher, matches } from './retry.ts';

/** What a state was given or handed on, or how it failed. */
export interface Passage {
  readonly kind: 'entered' | 'exited' | 'failed' | 'caught';
  readonly state: string;
  readonly type: string;
  readonly input: Json;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
}

export interface Walk {
  readonly context: Fields;
  /** Does what a state of type Task asks for. */
  readonly perform: (state: string, input: Json) => Promise<Json>;
  readonly onPassage: (passage: Passage) => void;
  /** Aborted when no further state is to be entered. */
  readonly signal: AbortSignal;
}

interface Step {
  readonly output: Json;
  /** Nothing at an end. */
  readonly next: string | undefined;
}

/** The machine's output. Rejects with a {@link StateFailure} that nothing caught. */
export async function walk({ StartAt, States }: Definition, given: Json, way: Walk): Promise<Json> {
  let input = given;
  for (let name = StartAt; ; ) {
    if (way.signal.aborted) throw new StateFailure('Stopped', 'The execution was stopped.', true);
    const state = States[name] ?? missing(name);
    const told = { state: name, type: state.Type, input };
    way.onPassage({ kind: 'entered', ...told });
    limitPayload(input, `What ${name} was given`);
    const { output, next } = await through(name, state, input, way);
    way.onPassage({ kind: 'exited', ...told, output });
    limitPayload(output, `What ${name} hands on`);
    if (next === undefined) return output;
    name = next;
    input = output;
  }
}

async function through(name: string, state: State, raw: Json, way: Walk): Promise<Step> {
  const { context, onPassage } = way;
  try {
    const input = inputOf(state, { input: raw, context });
    const result = state.Type === 'Task' ? await way.perform(name, input) : resultOf(state, { input, context });
    const next = state.Type === 'Choice' ? chosen(state, { input, context }) : (state.Next as string | undefined);
    return { output: outputOf(state, raw, { input: result, context }), next };
  } catch (error) {
    const failure = asStateFailure(error);
    const told = { state: name, type: state.Type, input: raw };
    onPassage({ kind: 'failed', ...told, error: failure.name, cause: failure.message });
    const catchers = (state.Catch ?? []) as unknown as readonly Catcher[];
    const catcher = catchers.find(({ ErrorEquals }) => matches(ErrorEquals, failure));
    if (!catcher) throw failure;
    onPassage({ kind: 'caught', ...told });
    const output = placed(catcher.ResultPath, raw, { Error: failure.name, Cause: failure.message });
    return { output, next: catcher.Next };
  }
}

function inputOf({ InputPath, Parameters }: State, scope: Scope): Json {
  const input = selected(InputPath, scope);
  return Parameters === undefined ? input : filled(Parameters, { ...scope, input });
}

function outputOf({ ResultSelector, ResultPath, OutputPath }: State, raw: Json, scope: Scope): Json {
  const result = ResultSelector === undefined ? scope.input : filled(ResultSelector, scope);
  return selected(OutputPath, { ...scope, input: placed(ResultPath as string | null | undefined, raw, result) });
}

function selected(path: Json | undefined, scope: Scope): Json {
  if (path === undefined) return scope.input;
  return path === null ? {} : expressionOf(path as string)(scope);
}

function resultOf(state: State, scope: Scope): Json {
  if (state.Type === 'Fail') throw new StateFailure(textOf('Error', state, scope), textOf('Cause', state, scope));
  return state.Type === 'Pass' && state.Result !== undefined ? state.Result : scope.input;
}

function textOf(what: 'Error' | 'Cause', state: State, scope: Scope): string {
  const path = state[`${what}Path`];
  const text = path === undefined ? (state[what] ?? '') : expressionOf(path as string)(scope);
  if (typeof text === 'string') return text;
  throw new StateFailure('States.Runtime', `The ${what}Path ${path} does not point to text.`, true);
}

function chosen({ Choices, Default }: State, scope: Scope): string {
  const rules = Choices as unknown as readonly Readonly<Record<string, Json>>[];
  const rule = rules.find(({ Variable, Next: _next, ...tests }) =>
    Object.entries(tests).every(([comparison, named]) => {
      const value = valueAt(Variable as string, scope);
      if (value === undefined && comparison !== 'IsPresent')
        throw new StateFailure('States.Runtime', `The path ${Variable} points to nothing.`, true);
      return comparisons[comparison]!(value, named);
    }),
  );
  const next = rule?.Next ?? Default;
  if (next === undefined)
    throw new StateFailure('States.NoChoiceMatched', 'No choice matched, and there is no default.');
  return next as string;
}

function missing(name: string): never {
  throw new StateFailure('States.Runtime', `There is no state ${name}.`, true);
}
