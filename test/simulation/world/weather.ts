/** Decides the fate of every call, by the climate and by chance, and keeps the record of what happened in which order. */
import { createHash } from 'node:crypto';
import type { ErrorName } from '../../../src/core/errors.ts';
import type { StoreOperation } from '../../../src/storage/metered.ts';
import type { Chance } from './chance.ts';
import { type Climate, calm } from './climate.ts';
import type { Container } from './container.ts';
import type { Timeline } from './timeline.ts';

/** What becomes of one call. Times in milliseconds. */
export interface Fate {
  readonly there: number;
  readonly back: number;
  readonly error?: ErrorName;
  readonly answerLost: boolean;
  readonly kill?: 'before' | 'after';
  /** What was sent has its effect even when the sender is dead. */
  readonly arrives: boolean;
  readonly freeze: number;
  /** The container falls asleep before it sends, and not after. */
  readonly asleep: boolean;
}

const minute = 60_000;
const hour = 60 * minute;

/** Told of each call before it is made; may let the container die there. */
export type Watcher = (container: Container, operation: StoreOperation, key: string, vault: number) => Fate['kill'];

export class Weather {
  readonly timeline: Timeline;
  readonly chance: Chance;
  climate: Climate;
  watcher: Watcher | undefined;
  /** Calls so far. */
  calls = 0;
  /** The last lines of the record. */
  readonly lines: string[] = [];
  readonly #keep: number;
  readonly #outages = new Map<number, number>();
  readonly #hash = createHash('sha256');
  #pending = '';

  constructor(timeline: Timeline, chance: Chance, climate: Climate, keep: number) {
    this.timeline = timeline;
    this.chance = chance;
    this.climate = climate;
    this.#keep = keep;
  }

  get now(): number {
    return this.timeline.now;
  }

  /** No faults from here on; what is under way still comes. */
  clearUp(): void {
    const { latency, page, retried, skew } = this.climate;
    this.climate = { ...calm, latency: Math.min(latency, 40), page, retried, skew };
    this.#outages.clear();
  }

  outageFor(vault: number, milliseconds: number): void {
    this.#outages.set(vault, this.now + milliseconds);
    this.note(`outage of vault-${vault} for ${Math.round(milliseconds / minute)} minutes`);
  }

  outage(vault: number): ErrorName | undefined {
    return (this.#outages.get(vault) ?? 0) > this.now ? 'StoreUnreachable' : undefined;
  }

  fateOf(operation: StoreOperation, key: string, vault: number, container: Container): Fate {
    this.calls += 1;
    const { climate, chance } = this;
    const asked = this.watcher?.(container, operation, key, vault);
    const error = chance.happens(climate.fails)
      ? 'StoreUnreachable'
      : chance.happens(climate.throttles)
        ? 'StoreThrottled'
        : undefined;
    const dies = chance.happens(climate.kills);
    const kill = asked ?? (dies ? (chance.happens(0.5) ? 'before' : 'after') : undefined);
    const frozen = chance.happens(climate.freezes);
    return {
      there: this.#way(),
      back: this.#way(),
      ...(error && { error }),
      answerLost: chance.happens(climate.answersLost),
      ...(kill && { kill }),
      arrives: chance.happens(0.5),
      freeze: frozen ? chance.between(1, climate.longestFreeze * 4) * (hour / 4) : 0,
      asleep: frozen && chance.happens(0.5),
    };
  }

  #way(): number {
    const { climate, chance } = this;
    if (chance.happens(climate.stragglers)) return chance.between(1, 12) * minute;
    return 1 + chance.below(climate.latency);
  }

  /** Keys of a `delete` that are not deleted. */
  staying(keys: readonly string[]): readonly string[] {
    if (!this.chance.happens(this.climate.partialDeletes)) return [];
    return keys.filter(() => this.chance.happens(0.5));
  }

  tell(container: Container, operation: string, store: string, key: string, outcome: string): void {
    this.note(`${container.name} ${operation} ${store} ${key}: ${outcome}`);
  }

  note(what: string): void {
    const line = `${new Date(this.now).toISOString()} ${what}`;
    this.#pending += line;
    if (this.#pending.length > 8192) this.#fold();
    this.lines.push(line);
    if (this.lines.length > this.#keep * 2) this.lines.splice(0, this.lines.length - this.#keep);
  }

  /** Of all that happened so far, in order: equal histories have equal ones. */
  get trace(): string {
    this.#fold();
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  #fold(): void {
    this.#hash.update(this.#pending);
    this.#pending = '';
  }
}
