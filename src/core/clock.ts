/**
 * The one door through which time enters. Nothing else in the project may ask for the current time (a test holds it), so
 * a month can pass in a test, and the simulation decides what every invocation believes the time to be.
 */

export interface Clock {
  /** Wall-clock time, for labels and calendars. */
  now(): Date;
  /** Milliseconds from some fixed point, never going back; for durations and deadlines. */
  elapsed(): number;
  /** Returns when the time is over, or at once when `signal` is aborted: giving up a wait is no error. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end);
    }),
};

/** A clock that stands still until told; `sleep` moves it instead of waiting. Durations stay real. */
export class VirtualClock implements Clock {
  #now: number;

  constructor(start: Date | string) {
    this.#now = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  elapsed(): number {
    return systemClock.elapsed();
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
  }

  /** Moves to `time`; going back is refused, as time does not. */
  moveTo(time: Date | string): void {
    const next = new Date(time).getTime();
    if (next < this.#now)
      throw new RangeError(`virtual time may not go back from ${this.now().toISOString()} to ${time}`);
    this.#now = next;
  }
}
