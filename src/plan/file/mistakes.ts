/**
 * The mistakes of a plan file. They are collected, not thrown one by one, and end in one `PlanInvalid` that lists them all
 * by line. What a mistake quotes may hold a password; it is taken out here, where everything passes.
 */
import { fail } from '../../core/errors.ts';

/** Keys and list positions from the top: `['sources', 0, 'path']`. */
export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Mistake extends Position {
  readonly what: string;
  /** The word that was probably meant. */
  readonly nearest?: string;
}

export class Mistakes {
  readonly #found: Mistake[] = [];

  add(position: Position, what: string, nearest?: string): void {
    const { line, column } = position;
    this.#found.push({ line, column, what: withoutPasswords(what), ...(nearest === undefined ? {} : { nearest }) });
  }

  get count(): number {
    return this.#found.length;
  }

  /** Errors: `PlanInvalid` when there is any. */
  throwIfAny(fileName: string): void {
    if (this.#found.length === 0) return;
    const mistakes = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = mistakes.map(
      ({ line, column, what, nearest }) =>
        `${fileName}:${line}:${column}: ${what}${nearest === undefined ? '' : `; did you mean \`${nearest}\`?`}`,
    );
    const [first, ...rest] = lines;
    fail('PlanInvalid', rest.length === 0 ? first! : `${fileName} has ${lines.length} mistakes\n${lines.join('\n')}`, {
      hint: `Correct ${rest.length === 0 ? 'it' : 'them'}; until then nothing of the plan is used.`,
      context: { file: fileName, mistakes },
    });
  }
}

/**
 * What is quoted (`so`) and could be a connection, with an `@`, `=` or `://` in it, is not shown at all; nor are passwords
 * in what the YAML library says. Rather too much is taken out than too little.
 */
function withoutPasswords(text: string): string {
  return text
    .replace(/`[^`]*(@|=|:\/\/)[^`]*`/g, '`***`')
    .replace(/:\/\/.*@/gs, '://***@')
    .replace(/(pass(?:word|wd|phrase)?|pwd|token|secret)(["']?\s*[=:]\s*)[^\s,;&"'`]+/gi, '$1$2***');
}
