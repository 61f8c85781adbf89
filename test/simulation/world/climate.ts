/**
 * What may go wrong in a history, and how often. A history has some of it and not all: faults that always come together hide
 * what each of them alone would bring to light.
 */
import type { Chance } from './chance.ts';

export interface Climate {
  /** Of every call to a store: it fails without effect. */
  readonly fails: number;
  /** Its effect happens, and the answer is lost. */
  readonly answersLost: number;
  /** The store asks to slow down. */
  readonly throttles: number;
  /** The container dies there, before the effect or after it. */
  readonly kills: number;
  /** It takes minutes and not milliseconds. */
  readonly stragglers: number;
  /** The container stands still there for so long, in hours; other than a straggler it does nothing meanwhile. */
  readonly freezes: number;
  readonly longestFreeze: number;
  /** Of every `delete`: some keys stay, and the store says which. */
  readonly partialDeletes: number;
  /** Of every invocation: it is refused by the service before it begins. */
  readonly refusals: number;
  /** Its answer is lost and it is started again while it runs on. */
  readonly twins: number;
  /** Milliseconds that a container's clock may be off, either way. */
  readonly skew: number;
  /** Objects that one page of a listing holds. */
  readonly page: number;
  /** Milliseconds of an ordinary call. */
  readonly latency: number;
  /** The store is used through the wrapper that tries again, as buckets are. */
  readonly retried: boolean;
  /** Whole vaults that cannot be reached for a while: how many such times a week. */
  readonly outages: number;
  /** Packs that go bad or vanish in one vault: how many a week. */
  readonly damages: number;
  /** Executions that somebody stops: how many a week. */
  readonly aborts: number;
  /** Of every alert: nobody takes it. */
  readonly alertsLost: number;
  /** Milliseconds that a function may run; beyond, it is killed. */
  readonly limit: number;
}

export const calm: Climate = {
  fails: 0,
  answersLost: 0,
  throttles: 0,
  kills: 0,
  stragglers: 0,
  freezes: 0,
  longestFreeze: 0,
  partialDeletes: 0,
  refusals: 0,
  twins: 0,
  skew: 0,
  page: 1000,
  latency: 40,
  retried: false,
  outages: 0,
  damages: 0,
  aborts: 0,
  alertsLost: 0,
  limit: 900_000,
};

const minute = 60_000;

export function drawClimate(chance: Chance): Climate {
  const some = (share: number, value: number): number => (chance.happens(share) ? value : 0);
  // a machine that is put to sleep has no limit on its functions; a function that has one cannot sleep for long
  const freezes = some(0.2, 0.002);
  return {
    fails: some(0.4, chance.pick([0.003, 0.02])),
    answersLost: some(0.4, chance.pick([0.005, 0.03])),
    throttles: some(0.2, 0.02),
    kills: some(0.5, chance.pick([0.003, 0.012])),
    stragglers: some(0.3, 0.01),
    freezes,
    longestFreeze: chance.pick([1, 20, 60]),
    partialDeletes: some(0.2, 0.2),
    refusals: some(0.2, 0.03),
    twins: some(0.3, 0.03),
    skew: chance.pick([0, 2_000, 20 * minute]),
    page: chance.pick([3, 1000, 1000]),
    latency: chance.pick([5, 40, 2_000]),
    retried: chance.happens(0.5),
    outages: some(0.25, 3),
    damages: some(0.3, 3),
    aborts: some(0.2, 2),
    alertsLost: some(0.15, 0.3),
    limit: freezes > 0 ? 20 * 24 * 60 * minute : 900_000,
  };
}
