/**
 * What a store keeps its objects on. It has no manners: it takes what it is given at once, and tells whoever watches. All
 * delays, failures and answers that get lost are the matter of the stores that stand before it.
 */

export interface Stored {
  readonly bytes: Buffer;
  readonly modified: number;
}

/** What changed, after it did. */
export interface Change {
  readonly vault: number;
  readonly key: string;
  readonly before: Stored | undefined;
  readonly now: Stored | undefined;
  /** The container that did it; none for the medium's own decay. */
  readonly by: number | undefined;
}

export class Medium {
  readonly vault: number;
  readonly objects = new Map<string, Stored>();
  readonly #changed: (change: Change) => void;

  constructor(vault: number, changed: (change: Change) => void) {
    this.vault = vault;
    this.#changed = changed;
  }

  set(key: string, stored: Stored | undefined, by: number | undefined): void {
    const before = this.objects.get(key);
    if (stored) this.objects.set(key, stored);
    else this.objects.delete(key);
    if (before || stored) this.#changed({ vault: this.vault, key, before, now: stored, by });
  }

  /** In byte order: keys are plain ASCII. */
  keys(prefix: string): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}
