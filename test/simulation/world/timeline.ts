/**
 * Virtual time: what is to happen lies in a queue by its time, and one thing happens after the other. Between two of them
 * everything that can go on without waiting goes on to its next wait. So the order of events is the queue's and not the
 * machine's, and a week of pauses costs nothing.
 */
import type { Clock } from '../../../src/core/clock.ts';

export interface Entry {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

export class Timeline {
  #now: number;
  #order = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Entry[] = [];

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now;
  }

  /** Does `action` when the time has come; a time that is past is now. */
  at(time: number, action: () => void): Entry {
    const entry: Entry = { at: Math.max(time, this.#now), order: this.#order, action };
    this.#order += 1;
    this.#push(entry);
    return entry;
  }

  after(milliseconds: number, action: () => void): Entry {
    return this.at(this.#now + milliseconds, action);
  }

  cancel(entry: Entry | undefined): void {
    if (entry) entry.action = undefined;
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve));
  }

  /** Lets time pass until `work` has ended. `onEvent` is called after each event, when nothing moves any more. */
  async until<Result>(work: Promise<Result>, onEvent: () => void = () => {}): Promise<Result> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    await stillness();
    while (!ended) {
      const next = this.#pop();
      if (!next) throw new Error('the history stands still: somebody waits for what is not in the queue');
      if (!next.action) continue;
      this.#now = next.at;
      next.action();
      await stillness();
      onEvent();
    }
    return work;
  }

  /** A clock that differs from true time by `skew` milliseconds. Durations are always right. */
  clock(skew = 0): Clock {
    return {
      now: () => new Date(this.#now + skew),
      elapsed: () => this.#now,
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const entry = this.after(milliseconds, end);
          const stop = (): void => {
            this.cancel(entry);
            end();
          };
          function end(): void {
            signal?.removeEventListener('abort', stop);
            resolve();
          }
          signal?.addEventListener('abort', stop);
        }),
    };
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const [first, last] = [heap[0], heap.pop()];
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const before = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** Resolves when everything that could go on has gone on to its next wait. */
export const stillness = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
