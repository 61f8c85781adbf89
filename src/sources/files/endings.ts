/**
 * What the names of a source's files end in, and how many of them. Whoever encrypts other people's files for money renames
 * most of them too, so a new ending on many files at once is a sign that the snapshot may not be worth keeping good ones for.
 */

/** The commonest endings in lower case, without the dot; files without one, or with a rarer one, are in `others`. */
export interface EndingsState {
  readonly counts: readonly (readonly [ending: string, files: number])[];
  readonly others: number;
}

/** So many are told apart while counting, and so many are kept with the snapshot. */
const counted = 1000;
const kept = 40;
/** A longer one is no ending but a sentence with a dot in it. */
const longest = 16;

export class Endings {
  readonly #counts: Map<string, number>;
  #others: number;

  constructor(state?: EndingsState) {
    this.#counts = new Map(state?.counts);
    this.#others = state?.others ?? 0;
  }

  /** `name` is absent where it is no text. */
  count(name: string | undefined): void {
    const ending = name === undefined ? undefined : endingOf(name);
    const before = ending === undefined ? undefined : this.#counts.get(ending);
    if (ending === undefined || (before === undefined && this.#counts.size >= counted)) this.#others += 1;
    else this.#counts.set(ending, (before ?? 0) + 1);
  }

  state(): EndingsState {
    return { counts: [...this.#counts], others: this.#others };
  }
}

function endingOf(name: string): string | undefined {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || dot === name.length - 1 || name.length - dot - 1 > longest) return undefined;
  return name.slice(dot + 1).toLowerCase();
}

/** Of all shards together, what is worth keeping. */
export function commonEndings(states: readonly (EndingsState | undefined)[]): {
  readonly counts: { readonly [ending: string]: number };
  readonly others: number;
} {
  const sum = new Map<string, number>();
  let others = 0;
  for (const state of states) {
    others += state?.others ?? 0;
    for (const [ending, files] of state?.counts ?? []) sum.set(ending, (sum.get(ending) ?? 0) + files);
  }
  const sorted = [...sum].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  for (const [, files] of sorted.splice(kept)) others += files;
  return { counts: Object.fromEntries(sorted), others };
}
