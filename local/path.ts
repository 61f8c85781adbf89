/**
 * Paths, templates, intrinsic functions and comparisons of the States Language, as far as the state machines use them: a path
 * selects one value, and a template is filled. What is not known here is refused when the machine is read.
 * https://states-language.net/spec.html
 */
import { canonicalJson, type Json } from '../src/core/json.ts';
import { StateFailure } from './failure.ts';

export type Fields = Readonly<Record<string, Json | undefined>>;

/** What `$` and `$$` stand for. */
export interface Scope {
  readonly input: Json;
  readonly context: Fields;
}

/** Worked out once from its text. Throws `States.Runtime` when it points to nothing. */
export type Expression = (scope: Scope) => Json;

type Step = string | number;

const wholePath = /^\$\$?(?:\.[A-Za-z_][\w-]*|\[\d+\])*$/;
const known = new Map<string, Expression>();

/** A path or a call of a function. Throws a `SyntaxError` with the reason. */
export function expressionOf(text: string): Expression {
  const expression = known.get(text) ?? parse(text);
  known.set(text, expression);
  return expression;
}

/** `undefined` where the path points to nothing. */
export function valueAt(path: string, { input, context }: Scope): Json | undefined {
  const steps = stepsOf(path);
  return follow(path.startsWith('$$') ? (context as Json) : input, steps);
}

/** A template with every member whose name ends with `.$` put in its place. */
export function filled(template: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((item) => filled(item, scope));
  if (!isFields(template)) return template;
  const members = Object.entries(template).map(([name, value]): [string, Json] => {
    if (name.endsWith('.$')) return [name.slice(0, -2), expressionOf(value as string)(scope)];
    return [name, filled(value as Json, scope)];
  });
  return Object.fromEntries(members);
}

/** Throws a `SyntaxError` for a template that cannot be filled. */
export function checkTemplate(template: Json | undefined): void {
  if (Array.isArray(template)) for (const item of template) checkTemplate(item);
  if (!isFields(template)) return;
  for (const [name, value] of Object.entries(template)) {
    if (!name.endsWith('.$')) checkTemplate(value);
    else if (typeof value === 'string') expressionOf(value);
    else throw new SyntaxError(`its ${name} is no path`);
  }
}

/** `raw` with the result at a `ResultPath`: all of it without one, nothing of it for `null`. */
export function placed(path: string | null | undefined, raw: Json, result: Json): Json {
  if (path === undefined) return result;
  if (path === null) return raw;
  return put(raw, stepsOf(path), result);
}

export function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stepsOf(path: string): Step[] {
  if (!wholePath.test(path)) throw new SyntaxError(`its path ${path} is not known on one machine`);
  const steps = path.match(/[A-Za-z_][\w-]*|\d+(?=\])/g) ?? [];
  return steps.map((step) => (/^\d/.test(step) ? Number(step) : step));
}

function follow(from: Json, steps: readonly Step[]): Json | undefined {
  let value: Json | undefined = from;
  for (const step of steps) {
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
    else value = isFields(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

function put(into: Json, [step, ...further]: readonly Step[], value: Json): Json {
  if (step === undefined) return value;
  if (!isFields(into) || typeof step === 'number') {
    throw new StateFailure('States.ResultPathMatchFailure', 'The result has no place in what the state was given.');
  }
  const inner = Object.hasOwn(into, step) ? into[step]! : {};
  return { ...into, [step]: put(inner, further, value) };
}

function parse(text: string): Expression {
  if (text.startsWith('$')) return pathExpression(text);
  const [, name, inside] = /^States\.(\w+)\((.*)\)$/s.exec(text) ?? [];
  const call = name === undefined || !Object.hasOwn(intrinsics, name) ? undefined : intrinsics[name as Intrinsic];
  if (!call) throw new SyntaxError(`its ${JSON.stringify(text)} is neither a path nor a function that is known here`);
  const parameters = argumentsIn(inside!).map(argument);
  return (scope) => call(parameters.map((parameter) => parameter(scope)));
}

function pathExpression(path: string): Expression {
  const steps = stepsOf(path);
  const ofContext = path.startsWith('$$');
  return ({ input, context }) => {
    const value = follow(ofContext ? (context as Json) : input, steps);
    return value === undefined ? runtime(`The path ${path} points to nothing.`) : value;
  };
}

function argument(text: string): Expression {
  if (/^['$S]/.test(text)) {
    if (!text.startsWith("'")) return expressionOf(text);
    const literal = /^'((?:[^'\\]|\\.)*)'$/s.exec(text)?.[1];
    if (literal?.includes('\\') !== false) throw new SyntaxError(`its text ${text} is not plain`);
    return () => literal;
  }
  if (!/^(?:-?\d+(?:\.\d+)?|true|false|null)$/.test(text)) throw new SyntaxError(`its argument ${text} is not known`);
  const value = JSON.parse(text) as Json;
  return () => value;
}

/** Split at the commas that are neither in quotes nor in a call. */
function argumentsIn(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    else if (!quoted && character === '(') depth += 1;
    else if (!quoted && character === ')') depth -= 1;
    if (character === ',' && depth === 0 && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

type Intrinsic = 'Format' | 'MathAdd' | 'ArrayLength' | 'ArrayUnique';

const intrinsics: Readonly<Record<Intrinsic, (given: readonly Json[]) => Json>> = {
  Format([template, ...values]) {
    const parts = typeof template === 'string' ? template.split('{}') : [];
    if (parts.length !== values.length + 1) return runtime('States.Format has not as many values as places for them.');
    const texts = values.map((value) => {
      if (typeof value !== 'object' || value === null) return String(value);
      return runtime('States.Format takes no lists and no objects.');
    });
    return parts.map((part, at) => part + (texts[at] ?? '')).join('');
  },
  MathAdd([one, other]) {
    if (typeof one === 'number' && typeof other === 'number') return one + other;
    return runtime('States.MathAdd takes two numbers.');
  },
  ArrayLength: ([list]) => (Array.isArray(list) ? list.length : runtime('States.ArrayLength takes a list.')),
  ArrayUnique([list]) {
    if (!Array.isArray(list)) return runtime('States.ArrayUnique takes a list.');
    const first = new Map<string, Json>();
    for (const item of list as Json[]) {
      const text = canonicalJson(item);
      if (!first.has(text)) first.set(text, item);
    }
    return [...first.values()];
  },
};

/** A comparison of a rule by the name of its field: what is there, and what the rule names. */
export const comparisons: Readonly<Record<string, (value: Json | undefined, named: Json) => boolean>> = {
  IsPresent: (value, named) => (value !== undefined) === named,
  BooleanEquals: (value, named) => value === named,
  StringEquals: (value, named) => value === named,
  NumericEquals: (value, named) => value === named,
  NumericGreaterThan: (value, named) => typeof value === 'number' && value > (named as number),
  NumericGreaterThanEquals: (value, named) => typeof value === 'number' && value >= (named as number),
};

/** Past catching: what a machine asks for cannot be worked out. */
function runtime(message: string): never {
  throw new StateFailure('States.Runtime', message, true);
}
