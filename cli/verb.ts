/** What a verb of the command line is: what it takes, how it explains itself, and what it answers. */
import type { Machine } from '../local/machine.ts';
import type { ErrorName } from '../src/core/errors.ts';

export interface Option {
  /** What stands for its value in the help; a flag has none. */
  readonly value?: string;
  readonly many?: true;
  readonly about: string;
}

export interface Verb {
  /** One line. */
  readonly about: string;
  /** What it promises, in a few sentences. */
  readonly details: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Names of what stands behind the verb without dashes; those in brackets may be left out. */
  readonly operands?: readonly string[];
  /** Command lines without `tidemark`, each with what it is for. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  run(asked: Asked): Promise<Answer>;
}

/** What was on the command line, already checked against the verb's options. */
export interface Asked {
  readonly operands: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** Errors: `UsageInvalid`. */
  needed(name: string): string;
  list(name: string): readonly string[];
  /** Opens the plan. `create` makes the folders of vaults: for backups only. */
  open(options?: { readonly create?: boolean }): Promise<Machine>;
}

export interface Answer {
  /** What `--json` prints. */
  readonly document: unknown;
  /** What people read instead. */
  readonly text: string;
  /** Content to print as it is, instead of the text. */
  readonly content?: AsyncIterable<Uint8Array>;
  /** Not everything that was asked for was done: the exit code is that of this error. */
  readonly failure?: ErrorName;
}
