/**
 * How old the newest good snapshot of a source may be before the plan's promise is broken: the longest wait from one slot to
 * the next, and the time that a run may take to answer it.
 */
import { day, hour } from '../calendar/zone.ts';
import type { SourcePlan } from '../plan.ts';
import { type Every, gridOf, periodicCadences } from './every.ts';

/** A run has until the next slot to end, and six hours at most. */
const mostForARun = 6 * hour;

/**
 * Milliseconds; `Infinity` for a source that only events back up, as its last snapshot is never too old. The logs of a database
 * that AWS runs are watched and make no snapshots.
 */
export function rpoOf(source: Pick<SourcePlan, 'cadences'> & { readonly kind?: SourcePlan['kind'] }): number {
  const own = periodicCadences.filter((cadence) => source.kind !== 'rds' || cadence !== 'logs');
  return Math.min(...own.map((cadence) => promisedAge(source.cadences[cadence])));
}

function promisedAge(every: Every): number {
  const wait = longestWait(every);
  return wait + Math.min(wait, mostForARun);
}

/** From one slot to the next, with the hour that the clocks may be put back by. */
function longestWait(every: Every): number {
  if (every === 'never') return Number.POSITIVE_INFINITY;
  if (every.unit === 'minutes' || every.unit === 'hours') return gridOf(every);
  return { days: day, weeks: 7 * day, months: 31 * day }[every.unit] + hour;
}
