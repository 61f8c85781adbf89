/**
 * Local time in a named zone, whatever zone the machine is in. The zone's rules come from `Intl`, which is slow to ask, so
 * every UTC day is asked for once: no zone changes its offset twice within three days (true of every zone since 1995).
 *
 * Local times are milliseconds too, counted as if local were UTC; dates are days since 1970-01-01.
 */
import { fail } from '../../core/errors.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Offsets within one UTC day: `before` up to the instant `change`, `after` from then on. */
interface DayOffsets {
  readonly before: number;
  readonly change: number;
  readonly after: number;
}

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, DayOffsets>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Milliseconds to add to UTC to get local time. */
  offsetAt(time: number): number {
    const { before, change, after } = this.#offsetsOf(Math.floor(time / day));
    return time < change ? before : after;
  }

  /** The local date of an instant. */
  dateOf(time: number): number {
    return Math.floor((time + this.offsetAt(time)) / day);
  }

  /**
   * The instant of a local time. A time that the clocks skip becomes the first instant after the gap. Of a time that comes
   * twice, `which` says which.
   */
  instantOf(local: number, which: 'first' | 'last' = 'first'): number {
    // Offsets lie between -12 and +14 hours, so these two are the only ones that can hold there.
    const [early, late] = [this.offsetAt(local - 14 * hour), this.offsetAt(local + 12 * hour)];
    const instants = [local - early, local - late].filter((time) => time + this.offsetAt(time) === local);
    if (instants.length > 0) return which === 'first' ? Math.min(...instants) : Math.max(...instants);
    return this.#changeAfter(local - 14 * hour);
  }

  /** When a local date begins. Where clocks go back over midnight, the later beginning: what lasts "until" it lasts longer. */
  startOf(date: number): number {
    return this.instantOf(date * day, 'last');
  }

  #offsetsOf(utcDay: number): DayOffsets {
    let offsets = this.#days.get(utcDay);
    if (!offsets) {
      offsets = this.#learn(utcDay);
      this.#days.set(utcDay, offsets);
    }
    return offsets;
  }

  #learn(utcDay: number): DayOffsets {
    let [low, high] = [utcDay * day, (utcDay + 1) * day];
    const [before, after] = [this.#ask(low), this.#ask(high)];
    if (before === after) return { before, change: Number.POSITIVE_INFINITY, after };
    while (high - low > second) {
      const middle = Math.floor((low + high) / 2 / second) * second;
      if (this.#ask(middle) === before) low = middle;
      else high = middle;
    }
    return { before, change: high, after };
  }

  #changeAfter(time: number): number {
    for (let utcDay = Math.floor(time / day); utcDay <= Math.floor(time / day) + 2; utcDay += 1) {
      const { change } = this.#offsetsOf(utcDay);
      if (change > time && Number.isFinite(change)) return change;
    }
    return fail('Unexpected', `time zone ${this.name} has no offset change near ${new Date(time).toISOString()}`);
  }

  #ask(time: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(time)) parts[type] = Number(value);
    const { year, month, day: date, hour: hours, minute: minutes, second: seconds } = parts;
    return Date.UTC(year!, month! - 1, date!, hours!, minutes!, seconds!) - Math.floor(time / second) * second;
  }
}

const zones = new Map<string, Zone>();

/** The zone of an IANA name. Errors: `PlanInvalid` for a name that is none. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (!zone) {
    try {
      zone = new Zone(name);
    } catch (cause) {
      return fail('PlanInvalid', `${JSON.stringify(name)} is not a time zone`, {
        hint: 'Use an IANA name such as Europe/Rome or UTC.',
        cause,
      });
    }
    zones.set(name, zone);
  }
  return zone;
}
