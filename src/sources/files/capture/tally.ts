/** What a shard's walk has counted and found wrong so far, and the files with several names that it has met. */
import { errnoOf, isTidemarkError } from '../../../core/errors.ts';
import type { Problem, Totals } from '../../../format/snapshot.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import { Endings, type EndingsState } from '../endings.ts';

/** A file of several names, from its first name to its last. All of them get what the first was found to be. */
export interface Link {
  readonly entry: TreeEntry;
  /** Names still to come, if all of them lie in the source. */
  readonly left: number;
}

export type Counts = Omit<Totals, 'stored'>;

export interface TallyState {
  readonly totals: Counts;
  readonly problems: readonly Problem[];
  readonly links: readonly (readonly [string, Link])[];
  /** How many files end in what; see `Endings`. */
  readonly endings?: EndingsState;
}

export class Tally {
  readonly totals: { -readonly [Member in keyof Counts]: number };
  readonly problems: Problem[];
  readonly #links: Map<string, Link>;
  readonly #endings: Endings;

  constructor(state?: TallyState) {
    this.#endings = new Endings(state?.endings);
    this.totals = { files: 0, directories: 0, others: 0, bytes: 0, read: 0, ...state?.totals };
    this.problems = [...(state?.problems ?? [])];
    this.#links = new Map(state?.links);
  }

  problem(path: string, what: string): void {
    this.problems.push({ path, what });
  }

  link(key: string): Link | undefined {
    return this.#links.get(key);
  }

  /** Counts a file by its entry. The bytes of a file with several names count once. */
  addFile(entry: TreeEntry, names: bigint): void {
    this.totals.files += 1;
    this.#endings.count(entry.name);
    const key = entry.hardlink;
    const link = key === undefined ? undefined : this.#links.get(key);
    if (link === undefined) this.totals.bytes += entry.size ?? 0;
    if (key === undefined) return;
    const left = (link?.left ?? Number(names)) - 1;
    if (left > 0) this.#links.set(key, { entry: link?.entry ?? entry, left });
    else this.#links.delete(key);
  }

  state(): TallyState {
    const { totals, problems } = this;
    return { totals, problems, links: [...this.#links], endings: this.#endings.state() };
  }
}

/** The code of a failed system call on the source; anything else is not the source's fault and is thrown on. */
export function sourceFault(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined || isTidemarkError(error) || !(error instanceof Error)) throw error;
  if (code.startsWith('ERR_')) throw error;
  return code;
}

/** It was there when its directory was listed, and is not any more. */
export function isGone(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

export function describeFault(code: string): string {
  if (isGone(code)) return 'vanished while the source was captured';
  return `cannot be read (${code})`;
}
