/**
 * The plan's cadences as EventBridge Scheduler wants them. Its cron runs in a time zone, once in an hour that comes twice
 * and not at all at a local time that the clocks skip; so there is a sweep too, which answers what was skipped or lost.
 * Minutes and hours run in UTC, as the Scheduler would leave out the whole repeated hour otherwise.
 */
import type { Plan } from '../plan.ts';
import { type Every, type PeriodicCadence, periodicCadences, type Weekday } from './every.ts';

export interface ScheduleExpression {
  /** `cron(minute hour day-of-month month day-of-week year)`. */
  readonly expression: string;
  readonly timeZone: string;
}

export interface Schedule extends ScheduleExpression {
  /** Stable, unique within the plan: `full`, `incremental`, `full-2`, `sweep`. */
  readonly name: string;
  /** Input of the backup workflow. The sweep asks for whatever is due and not yet answered. */
  readonly input: { readonly cadence: PeriodicCadence; readonly sources: readonly string[] } | { readonly due: true };
}

/** Seven minutes past each hour: away from the slots, so that their own triggers come first. */
const sweep: Schedule = { name: 'sweep', expression: 'cron(7 * * * ? *)', timeZone: 'UTC', input: { due: true } };

export function scheduleExpression(every: Every, timeZone: string): ScheduleExpression | undefined {
  if (every === 'never') return undefined;
  if (every.unit === 'minutes') return inUtc(`0/${every.count} *`);
  if (every.unit === 'hours') return inUtc(`0 0/${every.count}`);
  const [hours, minutes] = every.at.split(':').map(Number);
  const days =
    every.unit === 'weeks' ? `? * ${cronWeekday(every.on)}` : every.unit === 'months' ? `${every.on} * ?` : '* * ?';
  return { expression: `cron(${minutes} ${hours} ${days} *)`, timeZone };
}

/**
 * One schedule for each cadence and time that the plan's sources ask for, and the sweep. What AWS saves has schedules of its
 * own: a copy to another region may take days, and a run is concluded when its last job is.
 */
export function schedulesOf(plan: Pick<Plan, 'sources' | 'timeZone'>): Schedule[] {
  const schedules: Schedule[] = [];
  for (const cadence of periodicCadences) {
    const sourcesOf = new Map<string, { when: ScheduleExpression; sources: string[] }>();
    for (const source of plan.sources) {
      const when = scheduleExpression(source.cadences[cadence], plan.timeZone);
      if (!when) continue;
      const key = JSON.stringify([when, source.kind === 'rds']);
      const entry = sourcesOf.get(key) ?? { when, sources: [] };
      entry.sources.push(source.id);
      sourcesOf.set(key, entry);
    }
    for (const { when, sources } of sourcesOf.values()) {
      const number = schedules.filter(({ input }) => 'cadence' in input && input.cadence === cadence).length + 1;
      schedules.push({ name: number === 1 ? cadence : `${cadence}-${number}`, ...when, input: { cadence, sources } });
    }
  }
  return [...schedules, sweep];
}

function inUtc(minutesAndHours: string): ScheduleExpression {
  return { expression: `cron(${minutesAndHours} * * ? *)`, timeZone: 'UTC' };
}

function cronWeekday(weekday: Weekday): string {
  return weekday.slice(0, 3).toUpperCase();
}
