/**
 * A place in the plan file: a value, and the way to it. Reading goes on after a mistake, so that all of them are found at
 * once; whoever reads gets `undefined` for what is wrong, and nothing of it is used in the end.
 */
import type * as z from 'zod';
import type { PlanDocument } from './document.ts';
import type { Mistakes, Path } from './mistakes.ts';
import { nearest } from './nearest.ts';

export interface PlanFile {
  readonly document: PlanDocument;
  readonly mistakes: Mistakes;
  /** Absolute; where relative paths start. Without it they are mistakes. */
  readonly folder: string | undefined;
}

/** A field's schema says what is wrong in its message, and may name the right word in `params.nearest`. */
export type Field<T> = z.ZodType<T, unknown>;

export class Place {
  readonly file: PlanFile;
  readonly path: Path;
  readonly value: unknown;
  readonly #around: Place | undefined;
  /** Keys that are there under a wrong name; to call them missing too would only confuse. */
  readonly #misspelt = new Set<string>();

  constructor(file: PlanFile, path: Path, value: unknown, around?: Place) {
    this.file = file;
    this.path = path;
    this.value = value;
    this.#around = around;
  }

  get isThere(): boolean {
    return this.value !== undefined;
  }

  /** `sources[0].path`, or `the plan` at the top. */
  get name(): string {
    const name = this.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    return name === '' ? 'the plan' : `\`${name.slice(1)}\``;
  }

  child(key: string | number): Place {
    const within = (this.value ?? {}) as Record<string | number, unknown>;
    return new Place(this.file, [...this.path, key], Object.hasOwn(within, key) ? within[key] : undefined, this);
  }

  /** `what` goes on after the name: `is empty`. */
  wrong(what: string, nearestWord?: string): undefined {
    this.file.mistakes.add(this.file.document.valueAt(this.path), `${this.name} ${what}`, nearestWord);
    return undefined;
  }

  /** True for a section that has something in it; a key that is not among `keys` is a mistake of its own. */
  isSection(keys: readonly string[]): boolean {
    if (this.value === undefined) return this.#missing();
    if (this.value === null) return this.#no('is empty');
    if (typeof this.value !== 'object' || Array.isArray(this.value))
      return this.#no(`is to be a section, not ${kindOf(this.value)}`);
    const found = Object.keys(this.value);
    if (found.length === 0) return this.#no('is empty');
    for (const key of found) {
      if (keys.includes(key)) continue;
      const position = this.file.document.keyAt([...this.path, key]);
      const near = nearest(key, keys);
      if (near !== undefined) this.#misspelt.add(near);
      const known = near === undefined ? `; it knows ${keys.join(', ')}` : '';
      // What is no word at all may be a value that lost its key, and a password.
      const shown = /^[\w-]{1,40}$/.test(key) ? `has no key \`${key}\`` : 'has something here that is no key';
      this.file.mistakes.add(position, `${this.name} ${shown}${known}`, near);
    }
    return true;
  }

  /** The places of a list that is not empty. */
  items(): readonly Place[] {
    if (this.value === undefined) this.#missing();
    else if (this.value === null) this.wrong('is empty');
    else if (!Array.isArray(this.value)) this.wrong(`is to be a list, not ${kindOf(this.value)}`);
    else if (this.value.length === 0) this.wrong('is an empty list');
    else return this.value.map((_, at) => this.child(at));
    return [];
  }

  need<T>(field: Field<T>): T | undefined {
    if (this.value !== undefined) return this.#read(field);
    this.#missing();
    return undefined;
  }

  /** `fallback` only for what is left out; an empty value is a mistake. */
  may<T, F>(field: Field<T>, fallback: F): T | F | undefined {
    return this.value === undefined ? fallback : this.#read(field);
  }

  #read<T>(field: Field<T>): T | undefined {
    const result = field.safeParse(this.value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const near = (issue as { params?: { nearest?: unknown } }).params?.nearest;
      const at = issue.path.reduce<Place>((place, step) => place.child(step as string | number), this);
      at.wrong(issue.message, typeof near === 'string' ? near : undefined);
    }
    return undefined;
  }

  #missing(): false {
    const key = String(this.path.at(-1));
    const around = this.#around;
    if (around && !around.#misspelt.has(key)) {
      const position = this.file.document.keyAt(around.path);
      this.file.mistakes.add(position, `${around.name} has no \`${key}\`, which it needs`);
    }
    return false;
  }

  #no(what: string): false {
    this.wrong(what);
    return false;
  }
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section';
  if (typeof value === 'boolean') return `the truth value ${value}`;
  return typeof value === 'number' ? `the number ${value}` : 'text';
}
