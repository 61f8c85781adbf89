/** `cadences`: how often, in words. `never`, `15 minutes`, `6 hours`, `daily at 02:00`, `weekly on sunday at 03:00`, ... */

import {
  type Cadences,
  defaultDayOfMonth,
  defaultTime,
  defaultWeekday,
  type Every,
  type PeriodicCadence,
  periodicCadences,
  weekdays,
} from '../cadence/every.ts';
import type { FilesSource, GitSource, PostgresSource, RdsSource } from '../plan.ts';
import { oneOf, unknownWord, type Wrong, wordsAs } from './fields.ts';
import type { Field, Place } from './place.ts';

/** What a source is, as far as its cadences are concerned. */
export type Kept = Pick<FilesSource | GitSource | RdsSource, 'kind'> | Pick<PostgresSource, 'kind' | 'method'>;

/**
 * Whether a source's transaction log can be followed, or is followed by AWS and watched. The `logs` cadence of the others is
 * `never`, whatever the plan says.
 */
export function savesLog(source: Kept): boolean {
  return source.kind === 'rds' || (source.kind === 'postgres' && source.method === 'physical');
}

const keys = [...periodicCadences, 'change'] as const;
const units = ['minutes', 'hours', 'days', 'weeks', 'months'] as const;
const adverbs = { hourly: 'hours', daily: 'days', weekly: 'weeks', monthly: 'months' } as const;
const adverbOf = { days: 'daily', weeks: 'weekly', months: 'monthly' } as const;

/** The section's cadences over `defaults`. A source says what it is, too. */
export function readCadences(place: Place, defaults: Cadences, source?: Kept): Cadences {
  const withLogs = source === undefined || savesLog(source);
  const base: Cadences = withLogs ? defaults : { ...defaults, logs: 'never' };
  if (!place.isThere || !place.isSection(keys)) return base;
  const read = (cadence: PeriodicCadence): Every =>
    place.child(cadence).may(every(cadence), base[cadence]) ?? base[cadence];
  const logs = read('logs');
  if (!withLogs && logs !== 'never')
    place
      .child('logs')
      .wrong(
        source.kind === 'postgres'
          ? 'asks for transaction logs, which need `method: physical`'
          : `asks for transaction logs, which ${source.kind} does not have`,
      );
  return {
    full: read('full'),
    incremental: read('incremental'),
    logs: withLogs ? logs : 'never',
    change: place.child('change').may(oneOf(['on event', 'never']), base.change) ?? base.change,
  };
}

/** What a cadence's words mean; the time of day and the day are the cadence's own unless said. */
export function every(cadence: PeriodicCadence): Field<Every> {
  return wordsAs<Every>((value) => {
    const words = value.toLowerCase().split(/\s+/);
    if (words[0] === 'every') words.shift();
    if (words.length === 1 && words[0] === 'never') return { is: 'never' };
    const amount = takeAmount(words);
    if ('wrong' in amount) return amount;
    const on = takeAfter('on', words);
    const at = takeAfter('at', words);
    if (words.length > 0)
      return { wrong: `has words too many: \`${words.join(' ')}\`; write \`weekly on sunday at 03:00\`, say` };
    return intervalOf(amount, on, at, cadence);
  });
}

interface Amount {
  readonly count: number;
  readonly unit: (typeof units)[number];
}

/** Takes `15 minutes` or `daily` off the front. */
function takeAmount(words: string[]): Amount | Wrong {
  const [first = '', second] = words;
  if (Object.hasOwn(adverbs, first)) {
    words.shift();
    return { count: 1, unit: adverbs[first as keyof typeof adverbs] };
  }
  if (!/^[-+.]?\d/.test(first)) return unknownWord(first, ['never', ...Object.keys(adverbs), '15 minutes', '6 hours']);
  if (!/^\d+$/.test(first) || Number(first) < 1)
    return { wrong: `is \`${words.join(' ')}\`; write a whole number and a unit, as in \`15 minutes\`` };
  if (second === undefined)
    return { wrong: `is ${first} without a unit; write \`${first} minutes\` or \`${first} hours\`` };
  const unit = units.find((known) => known === second || known === `${second}s`);
  if (!unit) return unknownWord(second, units);
  words.splice(0, 2);
  return { count: Number(first), unit };
}

/** Takes `on sunday` or `at 03:00` off, and gives what follows the word. */
function takeAfter(word: 'on' | 'at', words: string[]): string | undefined {
  const at = words.indexOf(word);
  return at === -1 ? undefined : (words.splice(at, 2)[1] ?? '');
}

function intervalOf(
  amount: Amount,
  on: string | undefined,
  at: string | undefined,
  cadence: PeriodicCadence,
): { is: Every } | Wrong {
  const { count, unit } = amount;
  if (unit === 'minutes' || unit === 'hours') {
    if (on !== undefined || at !== undefined)
      return { wrong: `repeats by the ${unit.slice(0, -1)}, so it takes no \`on\` and no \`at\`` };
    return grid(count, unit);
  }
  if (count !== 1) {
    const near = unit === 'days' && count === 7 ? 'weekly' : adverbOf[unit];
    return { wrong: `is every ${count} ${unit}, at which no calendar repeats evenly`, nearest: near };
  }
  const time = at ?? defaultTime[cadence];
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(time))
    return { wrong: `has the time \`${time}\`; write hours and minutes, as in 02:30` };
  if (unit === 'days')
    return on === undefined ? { is: { unit, count, at: time } } : { wrong: 'is daily, so it takes no `on`' };
  if (unit === 'weeks') {
    const day = weekdays.find((weekday) => weekday === (on ?? defaultWeekday));
    return day ? { is: { unit, count, on: day, at: time } } : unknownWord(on!, weekdays);
  }
  const day = Number(on ?? defaultDayOfMonth);
  if (!Number.isInteger(day) || day < 1 || day > 28)
    return { wrong: `is on \`${on}\`; write a day that every month has, 1 to 28` };
  return { is: { unit, count, on: day, at: time } };
}

/** Minutes divide an hour and hours a day, so that slots stand at the same minutes for ever. */
function grid(count: number, unit: 'minutes' | 'hours'): { is: Every } | Wrong {
  const whole = unit === 'minutes' ? 60 : 24;
  if (count === whole)
    return { wrong: `is ${count} ${unit}; write it plainly`, nearest: unit === 'minutes' ? 'hourly' : 'daily' };
  if (count < whole && whole % count === 0) return { is: { unit, count } };
  const fitting = Array.from({ length: whole - 1 }, (_, less) => less + 1).filter((number) => whole % number === 0);
  return {
    wrong: `is ${count} ${unit}, which does not divide ${unit === 'minutes' ? 'an hour' : 'a day'} evenly; ${fitting.join(', ')} do`,
  };
}
