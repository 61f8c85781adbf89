/**
 * Where functions run: a process that is there for one invocation after the other, with a clock of its own and what it keeps
 * in memory from call to call. When it dies, it stops in the middle of whatever it does and nobody is told.
 */
import type { AlertPort } from '../../../src/alerts/port.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { fail } from '../../../src/core/errors.ts';
import type { Timeline } from './timeline.ts';

/** What is thrown where dead containers are cleared away. It is no error that anybody handles. */
class Gone extends Error {
  override readonly name = 'Gone';
}

export class Container {
  readonly number: number;
  readonly name: string;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly skew: number;
  dead = false;
  /** When the invocation that it runs began. */
  started = 0;
  readonly #timeline: Timeline;
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #looks = new Map<string, number>();
  #frozen = 0;
  #cleared = false;
  #onDeath: ((reason: string) => void) | undefined;

  constructor(number: number, what: string, timeline: Timeline, skew: number) {
    this.number = number;
    this.name = `${what}#${number}`;
    this.#timeline = timeline;
    this.skew = skew;
    this.clock = timeline.clock(skew);
  }

  begin(onDeath: (reason: string) => void): void {
    this.started = this.#timeline.now;
    this.#looks.clear();
    this.#onDeath = onDeath;
  }

  end(): void {
    this.#onDeath = undefined;
  }

  kill(reason = 'Lambda.Unknown'): void {
    if (this.dead) return;
    this.dead = true;
    this.#onDeath?.(reason);
  }

  freeze(milliseconds: number): void {
    this.#frozen = Math.max(this.#frozen, this.#timeline.now + milliseconds);
  }

  /** The first moment from `time` on at which it is not frozen. */
  awake(time: number): number {
    return Math.max(time, this.#frozen);
  }

  /** It looks at what begins with `key`: whatever was there before, it sees. */
  look(key: string): void {
    this.#looks.set(roomOf(key), this.#timeline.now);
  }

  /** When this invocation last looked into the room of `key`; its own begin when it did not. */
  looked(key: string): number {
    return this.#looks.get(roomOf(key)) ?? this.started;
  }

  /** A promise that is never kept when the container dies, until it is cleared away. */
  waiting<T>(work: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#cleared) return reject(new Gone(`${this.name} is gone`));
      this.#waiting.add(reject);
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V): void => {
          if (this.dead) return;
          this.#waiting.delete(reject);
          settle(value);
        };
      if (!this.dead) work(settled(resolve), settled(reject));
    });
  }

  /** When a history is over: lets what waits for ever come to its end, so that nothing is left in memory. */
  clearAway(): void {
    this.dead = true;
    this.#cleared = true;
    this.#onDeath = undefined;
    for (const reject of this.#waiting) reject(new Gone(`${this.name} is gone`));
    this.#waiting.clear();
  }

  /** Alerts reach people through the container that sends them. */
  alerts(take: AlertPort['send'], lost: () => boolean): AlertPort {
    return {
      name: 'simulated',
      send: (alert) =>
        this.waiting<void>((resolve, reject) => {
          this.#timeline.after(50, () => {
            if (this.dead) return;
            if (lost()) {
              try {
                fail('AlertUndelivered', 'nobody takes alerts at present');
              } catch (error) {
                return reject(error);
              }
            }
            void take(alert).then(resolve, reject);
          });
        }),
    };
  }
}

const roomOf = (key: string): string => key.slice(0, key.indexOf('/'));
