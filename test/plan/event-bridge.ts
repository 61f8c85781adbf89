/**
 * EventBridge Scheduler as its documentation describes it, for the crons that Tidemark writes: minute by minute through the
 * time zone's wall clock, by `Intl` and not by our own calendar. A local time that does not exist is skipped; one that comes
 * twice runs the first time only.
 */
const minute = 60_000;

/** Fires after `from` and up to `to`, in milliseconds. */
export function firings(expression: string, timeZone: string, from: Date, to: Date): number[] {
  const [minutes, hours, daysOfMonth, months, weekdays, years] = /^cron\((.*)\)$/
    .exec(expression)![1]!
    .split(' ') as string[];
  if (months !== '*' || years !== '*') throw new Error(`not a cron of ours: ${expression}`);
  if ([daysOfMonth, weekdays].filter((field) => field === '?').length !== 1)
    throw new Error(`one of the days is to be ?: ${expression}`);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const fired: number[] = [];
  const seen = new Set<string>();
  // A wall clock that shows what it showed before does so within three hours, so that far back is far enough to begin.
  const begin = Math.floor(from.getTime() / minute) * minute - 180 * minute;
  for (let time = begin; time <= to.getTime(); time += step(minutes!)) {
    const shown = format.format(time);
    const [, weekday, , dayOfMonth, hour, mins] = /^(\w+), (\d+)\/(\d+)\/\d+, (\d+):(\d+)$/.exec(shown)!;
    const matches =
      holds(minutes!, Number(mins)) &&
      holds(hours!, Number(hour)) &&
      holds(daysOfMonth!, Number(dayOfMonth)) &&
      (weekdays === '?' || weekdays === '*' || weekdays === weekday!.toUpperCase());
    if (!matches || seen.has(shown)) continue;
    seen.add(shown);
    if (time > from.getTime()) fired.push(time);
  }
  return fired;
}

function holds(field: string, value: number): boolean {
  if (field === '*' || field === '?') return true;
  const [start, every] = field.split('/').map(Number);
  return every === undefined ? value === start : value >= start! && (value - start!) % every === 0;
}

/** Zones are whole quarters of an hour apart, so a minute that does not lie on one needs no finer steps than five. */
function step(minutes: string): number {
  const [start, every] = minutes.split('/').map(Number);
  return start! % 5 === 0 && (every ?? 5) % 5 === 0 ? 5 * minute : minute;
}
