/**
 * What will happen, and when. Nothing here waits: whoever asks the fake something first lets everything happen that was due
 * by then, in order of time, each with the time at which it was due. So a month passes in one call.
 */

export interface Entry {
  readonly at: number;
  readonly order: number;
  readonly happen: (at: Date) => void | Promise<void>;
  cancelled: boolean;
}

export class Timeline {
  /** A heap: the next entry is the first. */
  readonly #entries: Entry[] = [];
  #order = 0;

  plan(at: Date | number, happen: Entry['happen']): Entry {
    const entry: Entry = { at: Number(at), order: this.#order++, happen, cancelled: false };
    this.#entries.push(entry);
    let place = this.#entries.length - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(entry, this.#entries[parent] as Entry)) break;
      this.#entries[place] = this.#entries[parent] as Entry;
      place = parent;
    }
    this.#entries[place] = entry;
    return entry;
  }

  async passUntil(now: Date): Promise<void> {
    for (;;) {
      const next = this.#entries[0];
      if (next === undefined || next.at > now.getTime()) return;
      this.#take();
      if (next.cancelled) continue;
      const done = next.happen(new Date(next.at));
      if (done !== undefined) await done;
    }
  }

  #take(): void {
    const last = this.#entries.pop() as Entry;
    const size = this.#entries.length;
    if (size === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && before(this.#entries[child + 1] as Entry, this.#entries[child] as Entry)) child += 1;
      if (!before(this.#entries[child] as Entry, last)) break;
      this.#entries[place] = this.#entries[child] as Entry;
      place = child;
    }
    this.#entries[place] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
