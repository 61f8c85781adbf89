/**
 * What is protected: a few small files whose contents come from a small stock, so that what was deleted comes back, what lies
 * here lies there too, and hardly anything is stored only once. It remembers every state that it was in.
 */
import type { Chance } from './chance.ts';

export interface Version {
  readonly number: number;
  readonly text: string;
  /** From when and until when the file was like this. */
  readonly from: number;
  until: number;
}

/** Paths are `directory/name`; a directory is a shard. */
const directories = ['a', 'b', 'c'] as const;
const names = ['one', 'two', 'three', 'four'] as const;

export class Origin {
  readonly id: string;
  readonly kind: 'files' | 'git';
  /** Every version that a path ever had; a file that is gone has none that lasts. */
  readonly history = new Map<string, Version[]>();
  /** While set, one file cannot be read. */
  unreadable: string | undefined;
  /** All states of a versioned source, by their revision. */
  readonly revisions = new Map<string, ReadonlyMap<string, number>>();
  revision = '';
  readonly #chance: Chance;
  readonly #stock: readonly string[];
  #versions = 0;
  #hidden: ReadonlyMap<string, string> | undefined;

  constructor(id: string, kind: 'files' | 'git', chance: Chance, stock: readonly string[], now: number) {
    this.id = id;
    this.kind = kind;
    this.#chance = chance;
    this.#stock = stock;
    const files = chance.between(2, 6);
    for (let at = 0; at < files; at += 1) this.#write(this.#somewhere(), now);
    this.#commit();
  }

  get directories(): readonly string[] {
    return directories;
  }

  /** Files as they are, in order. */
  files(directory?: string): Map<string, Version> {
    const current = [...this.history]
      .map(([path, versions]) => [path, versions.at(-1)!] as const)
      .filter(
        ([path, { until }]) => until === Number.POSITIVE_INFINITY && (!directory || path.startsWith(`${directory}/`)),
      )
      .sort(([one], [other]) => (one < other ? -1 : 1));
    return new Map(current);
  }

  text(path: string, number: number): string | undefined {
    return this.history.get(path)?.find((version) => version.number === number)?.text;
  }

  /** One to three changes; a versioned source may go back to where it was. */
  change(now: number): string {
    if (this.kind === 'git' && this.#chance.happens(0.25)) return this.#goBack(now);
    for (let left = this.#chance.between(1, 3); left > 0; left -= 1) {
      const path = this.#somewhere();
      if (this.files().size > 2 && this.#chance.happens(0.25)) this.#remove(path, now);
      else this.#write(path, now);
    }
    this.#commit();
    return this.kind === 'git' ? this.revision : `${this.files().size} files`;
  }

  /** One of these contents is there again. */
  bring(texts: readonly string[], now: number): void {
    if (texts.length === 0) return;
    this.#write(this.#somewhere(), now, this.#chance.pick(texts));
    this.#commit();
  }

  /** Contents that it may have. */
  get stock(): readonly string[] {
    return this.#stock;
  }

  /** As if its disk were not mounted. */
  hide(now: number): void {
    if (this.#hidden) return;
    this.#hidden = new Map([...this.files()].map(([path, { text }]) => [path, text]));
    for (const path of this.files().keys()) this.#remove(path, now);
    this.#commit();
  }

  /** Everything is readable and there again. */
  mend(now: number): void {
    this.unreadable = undefined;
    const hidden = this.#hidden;
    this.#hidden = undefined;
    for (const [path, text] of hidden ?? []) this.#write(path, now, text);
    if (hidden) this.#commit();
  }

  #somewhere(): string {
    return `${this.#chance.pick(directories)}/${this.#chance.pick(names)}`;
  }

  #write(path: string, now: number, text = this.#chance.pick(this.#stock)): void {
    this.#remove(path, now);
    this.#versions += 1;
    const versions = this.history.get(path) ?? [];
    versions.push({ number: this.#versions, text, from: now, until: Number.POSITIVE_INFINITY });
    this.history.set(path, versions);
  }

  #remove(path: string, now: number): void {
    const last = this.history.get(path)?.at(-1);
    if (last && last.until === Number.POSITIVE_INFINITY) last.until = now;
  }

  #goBack(now: number): string {
    const earlier = this.#chance.pick([...this.revisions.keys()]);
    const state = this.revisions.get(earlier)!;
    for (const path of this.files().keys()) this.#remove(path, now);
    for (const [path, number] of state) {
      // the same version again: a checkout does not make a new one
      const versions = this.history.get(path)!;
      const version = versions.find((one) => one.number === number)!;
      versions.push({ ...version, from: now, until: Number.POSITIVE_INFINITY });
    }
    this.revision = earlier;
    return `back to ${earlier}`;
  }

  #commit(): void {
    this.revision = `r${String(this.revisions.size + 1).padStart(3, '0')}`;
    this.revisions.set(this.revision, new Map([...this.files()].map(([path, { number }]) => [path, number])));
  }
}

/** Contents that files have: short and long ones, some as long as a few blobs. */
export function stockOf(chance: Chance): readonly string[] {
  return Array.from({ length: chance.between(5, 12) }, (_, at) => {
    const word = chance.bytes(6).toString('hex');
    return `${at}:${word.repeat(at % 5 === 4 ? 60 : chance.between(1, 12))}`;
  });
}
