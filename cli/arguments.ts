/** From the words of a command line to what was asked. A slip is refused with the nearest right word; nothing is guessed. */
import { parseArgs } from 'node:util';
import { fail } from '../src/core/errors.ts';
import { nearest } from '../src/plan/file/nearest.ts';
import type { Asked, Option, Verb } from './verb.ts';

export const commonOptions: Readonly<Record<string, Option>> = {
  plan: { value: 'FILE', about: 'the plan; backup-plan.yml in this folder unless given' },
  json: { about: 'one JSON document on standard output, all else on stderr' },
  help: { about: 'explains, by example' },
};

export type Given = Omit<Asked, 'open'>;

/** Splits off the verb: the first word that is neither an option nor the value of one. */
export function splitVerb(words: readonly string[]): { verb: string | undefined; rest: readonly string[] } {
  const { tokens } = parse(words, commonOptions);
  const first = tokens.find((token) => token.kind === 'positional');
  if (!first) return { verb: undefined, rest: words };
  return { verb: first.value, rest: words.toSpliced(first.index, 1) };
}

/** Errors: `UsageInvalid`. */
export function readArguments(name: string, verb: Pick<Verb, 'options' | 'operands'>, words: readonly string[]): Given {
  const options = { ...verb.options, ...commonOptions };
  const { tokens } = parse(words, options);
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const wrong = (what: string, hint?: string): never =>
    fail('UsageInvalid', what, { hint: hint ?? `See \`tidemark ${name} --help\`.` });
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name]! : undefined;
    if (!option) {
      const near = nearest(token.name, Object.keys(options));
      return wrong(
        `${name} has no option ${token.rawName}`,
        near && `Did you mean --${near}? See \`tidemark ${name} --help\`.`,
      );
    }
    const { value, inlineValue } = token;
    if (option.value === undefined && value !== undefined) wrong(`--${token.name} takes no value`);
    if (option.value !== undefined && (value === undefined || value === '' || (!inlineValue && /^-./.test(value)))) {
      wrong(`--${token.name} needs a value: --${token.name} ${option.value}`);
    }
    const before = values.get(token.name) ?? [];
    if (before.length > 0 && !option.many) wrong(`--${token.name} was given twice`, 'Give it once.');
    values.set(token.name, [...before, value ?? '']);
  }
  if (!values.has('help')) checkOperands(verb.operands ?? [], operands, wrong);
  return {
    operands,
    flag: (option) => values.has(option),
    text: (option) => values.get(option)?.[0],
    needed: (option) =>
      values.get(option)?.[0] ?? wrong(`${name} needs --${option} ${options[option]?.value ?? 'VALUE'}`),
    list: (option) => values.get(option) ?? [],
  };
}

function checkOperands(
  known: readonly string[],
  given: readonly string[],
  wrong: (what: string, hint?: string) => never,
): void {
  const extra = given[known.length];
  if (extra !== undefined) wrong(`${JSON.stringify(extra)} is one word too many`);
  const missing = known.find((operand, at) => !operand.startsWith('[') && given[at] === undefined);
  if (missing !== undefined) wrong(`${missing} is missing`);
}

function parse(words: readonly string[], options: Readonly<Record<string, Option>>) {
  return parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, { value }]) => [
          name,
          { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
        ]),
      ),
      help: { type: 'boolean' as const, multiple: true, short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
}
