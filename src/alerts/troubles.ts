/**
 * What is wrong right now, so that people hear of it once: alerts about the same trouble are one alert until it is over,
 * then a resolution. It is told again when it gets worse, and as a reminder when it lasts.
 *
 * Rules:
 * 1. *Delivered, then noted.* A trouble counts as told only after the port has taken the alert. If the port fails, the
 *    failure is counted on the trouble, the error goes to the caller, and the next sighting (or end) tries again. A crash
 *    between delivery and note makes a second alert: twice is better than not at all.
 * 2. *Repeats are harmless.* A run that reports the same trouble again is not counted again; what is older than the last
 *    known end or sighting does not reopen or end anything. Only invocations in the very same moment can both send.
 * 3. *Whoever heard it hears the end.* A resolution carries the loudest severity that was sent, for subscribers choose by it.
 */
import * as z from 'zod';
import type { Clock } from '../core/clock.ts';
import { type Alert, type AlertPort, alertSchema, louder, type Severity, severities } from './port.ts';

export const troubleSchema = z.object({
  /** As last seen. */
  alert: alertSchema,
  state: z.enum(['open', 'over']),
  /** Runs that have seen it since it began. */
  count: z.number().int().positive(),
  /** First and last time it was seen; once it is over, `last` is the time of its end. */
  first: z.iso.datetime(),
  last: z.iso.datetime(),
  /** What people know: the severity and time of the last alert delivered, and the loudest of them. */
  told: z.object({ severity: z.enum(severities), loudest: z.enum(severities), time: z.iso.datetime() }).optional(),
  /** Deliveries that failed since the last one that succeeded. */
  undelivered: z.number().int().nonnegative(),
});
export type Trouble = Readonly<z.infer<typeof troubleSchema>>;

/** Where troubles are remembered between invocations; one JSON value for each key, read after write. */
export interface TroubleStore {
  get(key: string): Promise<Trouble | undefined>;
  put(key: string, trouble: Trouble): Promise<void>;
  /** A key that is not there counts as deleted. */
  delete(key: string): Promise<void>;
  list(): Promise<readonly Trouble[]>;
}

/** What is said when a trouble ends; what is left out is taken from the alert. */
export type Ending = Pick<Alert, 'time'> & Partial<Pick<Alert, 'run' | 'lastGood' | 'action'>>;

export interface Troubles {
  /** `sent`, or `known` when people know already, or `stale` when it is older than the end of this trouble. Errors: `AlertUndelivered`. */
  raise(alert: Alert): Promise<'sent' | 'known' | 'stale'>;
  /** `sent`, or `none` when nothing was open, or `stale` when the trouble was seen after this. Errors: `AlertUndelivered`. */
  clear(key: string, ending: Ending): Promise<'sent' | 'none' | 'stale'>;
  open(): Promise<readonly Trouble[]>;
  /** Forgets what has been over for `days`. */
  forget(days?: number): Promise<void>;
}

const dayLength = 24 * 60 * 60 * 1000;

export function createTroubles(
  store: TroubleStore,
  port: AlertPort,
  clock: Clock,
  reminderAfter = dayLength,
): Troubles {
  /** Sends, then notes; on failure notes that instead, and throws. */
  const deliver = async (alert: Alert, after: Trouble, ifFailed: Trouble): Promise<void> => {
    try {
      await port.send(alert);
    } catch (error) {
      // The delivery error is the one to report: when even this note fails, its number is short by one and nothing else.
      await store.put(alert.trouble, { ...ifFailed, undelivered: ifFailed.undelivered + 1 }).catch(() => {});
      throw error;
    }
    await store.put(alert.trouble, after);
  };

  return {
    async raise(alert) {
      const known = await store.get(alert.trouble);
      if (known?.state === 'over' && isLongBefore(alert.time, known.last)) return 'stale';
      const seen = sighting(known?.state === 'open' ? known : undefined, alert);
      const now = clock.now();
      if (!isDue(seen.told, alert.severity, now, reminderAfter)) {
        await store.put(alert.trouble, seen);
        return 'known';
      }
      await deliver(
        withHistory(alert, seen),
        { ...seen, told: toldNow(seen, alert.severity, now), undelivered: 0 },
        seen,
      );
      return 'sent';
    },

    async clear(key, ending) {
      const known = await store.get(key);
      if (known?.state !== 'open') return 'none';
      if (isBefore(ending.time, known.last)) return 'stale';
      await deliver(resolution(known, ending), { ...known, state: 'over', last: ending.time, undelivered: 0 }, known);
      return 'sent';
    },

    async open() {
      return (await store.list()).filter(({ state }) => state === 'open');
    },

    async forget(days = 30) {
      const limit = clock.now().getTime() - days * dayLength;
      for (const { state, last, alert } of await store.list()) {
        if (state === 'over' && Date.parse(last) < limit) await store.delete(alert.trouble);
      }
    },
  };
}

/**
 * Machines disagree about the time, so a failure right after the end of a trouble may seem to lie before it. To be told of an
 * old one again is a nuisance; not to be told of a new one is a disaster.
 */
const clocksApart = 60 * 60 * 1000;
const isLongBefore = (one: string, other: string): boolean => Date.parse(other) - Date.parse(one) > clocksApart;
const isBefore = (one: string, other: string): boolean => Date.parse(one) < Date.parse(other);

/** The trouble with this sighting added. One that arrives late counts, and does not replace what is known since. */
function sighting(known: Trouble | undefined, alert: Alert): Trouble {
  if (!known) return { alert, state: 'open', count: 1, first: alert.time, last: alert.time, undelivered: 0 };
  const again = alert.run !== undefined && alert.run === known.alert.run;
  const late = isBefore(alert.time, known.last);
  return {
    ...known,
    alert: late ? known.alert : alert,
    count: known.count + (again ? 0 : 1),
    last: late ? known.last : alert.time,
  };
}

function isDue(told: Trouble['told'], severity: Severity, now: Date, reminderAfter: number): boolean {
  if (!told || louder(severity, told.severity)) return true;
  return now.getTime() - Date.parse(told.time) >= reminderAfter;
}

function toldNow({ told }: Trouble, severity: Severity, now: Date): Trouble['told'] {
  const loudest = told && !louder(severity, told.loudest) ? told.loudest : severity;
  return { severity, loudest, time: now.toISOString() };
}

/** An alert that is not the first says so. */
function withHistory(alert: Alert, { count, first, undelivered }: Trouble): Alert {
  const history = {
    ...(count > 1 ? { Seen: `${count} times since ${first}` } : {}),
    ...(undelivered > 0 ? { Undelivered: `${undelivered} earlier attempts to send this failed` } : {}),
  };
  return Object.keys(history).length === 0 ? alert : { ...alert, details: { ...history, ...alert.details } };
}

function resolution(trouble: Trouble, ending: Ending): Alert {
  const { alert, told, first } = trouble;
  const resolved: Alert = {
    ...alert,
    action: 'Do nothing more: the trouble is over.',
    ...ending,
    state: 'resolved',
    severity: told?.loudest ?? alert.severity,
    details: { Open: `from ${first} to ${ending.time}`, ...alert.details },
  };
  return withHistory(resolved, trouble);
}
