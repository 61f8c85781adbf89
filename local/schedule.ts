/**
 * EventBridge Scheduler on one machine: what the plan's cadences and `deploy/schedules.yml` ask for, and when. The name of an
 * execution is its slot, so a slot is answered once, however often it comes up.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Clock } from '../src/core/clock.ts';
import { fail } from '../src/core/errors.ts';
import { compactTime } from '../src/core/ids.ts';
import type { Json } from '../src/core/json.ts';
import type { Every, Weekday } from '../src/plan/cadence/every.ts';
import { slotsBetween, slotsOf } from '../src/plan/cadence/slots.ts';
import type { Plan } from '../src/plan/plan.ts';

/** An execution that is due. */
export interface Start {
  readonly workflow: string;
  readonly name: string;
  readonly input: Json;
  readonly time: Date;
}

interface BackupStart extends Start {
  readonly input: { readonly cadence: string; readonly sources: readonly string[] };
}

type Scheduled = Pick<Plan, 'timeZone' | 'sources'>;

const guardSchema = z.record(
  z.string(),
  z.strictObject({ workflow: z.string(), expression: z.string(), input: z.record(z.string(), z.json()) }),
);
const guards = guardSchema.parse(parse(readFileSync(new URL('../deploy/schedules.yml', import.meta.url), 'utf8')));

/** When a workflow that guards the vault runs, by its title in `deploy/schedules.yml`. */
export function guardEvery(title: string): Every {
  const guard = guards[title] ?? fail('Unexpected', `deploy/schedules.yml has no ${title}`);
  return everyOf(guard.expression);
}

/** Everything due after `from` and up to `to`, that one included, oldest first. Sources that are due together share a run. */
export function startsBetween(plan: Scheduled, from: Date, to: Date): Start[] {
  return [...backupStarts(plan, from, to), ...guardStarts(plan, from, to)].sort(
    (one, other) => one.time.getTime() - other.time.getTime(),
  );
}

function backupStarts(plan: Scheduled, from: Date, to: Date): Start[] {
  const starts = new Map<string, BackupStart>();
  for (const { source, cadence, time } of plan.sources.flatMap((entry) => slotsOf(entry, plan.timeZone, from, to))) {
    const name = `${cadence}-${compactTime(time)}`;
    const { input } = starts.get(name) ?? { input: { cadence, sources: [] } };
    starts.set(name, { workflow: 'backup', name, time, input: { cadence, sources: [...input.sources, source] } });
  }
  return [...starts.values()];
}

function guardStarts(plan: Scheduled, from: Date, to: Date): Start[] {
  return Object.entries(guards).flatMap(([title, { workflow, expression, input }]) =>
    slotsBetween(everyOf(expression), plan.timeZone, from, to).map((time) => ({
      workflow,
      name: `${title}-${compactTime(time)}`,
      input: input as Json,
      time,
    })),
  );
}

/**
 * Waits for each start in turn and yields it when it is due, until `signal`. After a pause in which several came due (the
 * machine slept, a run took long), only the newest of each kind is made good: it does what the older ones would have done.
 */
export async function* dueStarts(plan: Scheduled, clock: Clock, signal?: AbortSignal): AsyncGenerator<Start> {
  for (let seen = clock.now().getTime(); !signal?.aborted; ) {
    const now = clock.now().getTime();
    const ahead = Math.max(now, seen + hour);
    for (const start of newestOfThePast(startsBetween(plan, new Date(seen), new Date(ahead)), now)) {
      await clock.sleep(Math.max(0, start.time.getTime() - clock.now().getTime()), signal);
      if (signal?.aborted) return;
      yield start;
    }
    await clock.sleep(Math.max(0, ahead - clock.now().getTime()), signal);
    seen = ahead;
  }
}

function newestOfThePast(starts: readonly Start[], now: number): Start[] {
  const kindOf = ({ name }: Start): string => name.slice(0, -'-20260315T030000Z'.length);
  const past = starts.filter((start) => start.time.getTime() <= now);
  const newest = new Map(past.map((start) => [kindOf(start), start]));
  return starts.filter((start) => start.time.getTime() > now || newest.get(kindOf(start)) === start);
}

const hour = 3_600_000;
const weekdayNames: Readonly<Record<string, Weekday>> = {
  MON: 'monday',
  TUE: 'tuesday',
  WED: 'wednesday',
  THU: 'thursday',
  FRI: 'friday',
  SAT: 'saturday',
  SUN: 'sunday',
};

/** `cron(30 5 * * ? *)` and `cron(0 8 ? * WED *)`: a time of every day, or of one day of the week. */
export function everyOf(expression: string): Every {
  const [, minute, hourOfDay, weekday] =
    expression.match(/^cron\((\d{1,2}) (\d{1,2}) (?:\* \* \?|\? \* ([A-Z]{3})) \*\)$/) ??
    fail('Unexpected', `the schedule ${expression} is not one that can be kept on one machine`, {
      hint: 'Use cron(MINUTE HOUR * * ? *) or cron(MINUTE HOUR ? * WEEKDAY *).',
    });
  const at = `${hourOfDay!.padStart(2, '0')}:${minute!.padStart(2, '0')}`;
  if (weekday === undefined) return { unit: 'days', count: 1, at };
  const on = weekdayNames[weekday] ?? fail('Unexpected', `the schedule ${expression} names no day of the week`);
  return { unit: 'weeks', count: 1, on, at };
}
