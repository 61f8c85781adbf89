/**
 * What is due now and not yet done. A trigger that never came (a lost event, a local time that the clocks skipped, a
 * scheduler that stood still) leaves a slot unanswered; whoever looks next finds it here.
 */
import type { Cadence } from '../../format/snapshot.ts';
import type { SourcePlan } from '../plan.ts';
import { type PeriodicCadence, periodicCadences } from './every.ts';
import { lastSlot, type Slot } from './slots.ts';

/**
 * When the newest snapshot of each cadence was taken, of one source, or when a run of that cadence last found the newest
 * version to be the current one still.
 */
export type Latest = Partial<Readonly<Record<Cadence, Date>>>;

/** Which snapshots answer a slot: the cadence's own and stronger ones. A `change` snapshot is as good as an incremental. */
const answeredBy: Readonly<Record<PeriodicCadence, readonly Cadence[]>> = {
  full: ['full'],
  incremental: ['full', 'incremental', 'change'],
  logs: ['full', 'incremental', 'change', 'logs'],
};

/** The strongest slot of a source that has come and that no snapshot answers; older slots of a cadence are past making good. */
export function dueSlot(source: SourcePlan, timeZone: string, now: Date, latest: Latest): Slot | undefined {
  for (const cadence of periodicCadences) {
    const time = lastSlot(source.cadences[cadence], timeZone, now);
    if (time && !isAnswered(cadence, time, latest)) return { source: source.id, cadence, time };
  }
  return undefined;
}

export function isAnswered(cadence: PeriodicCadence, slot: Date, latest: Latest): boolean {
  return answeredBy[cadence].some((by) => (latest[by]?.getTime() ?? Number.NEGATIVE_INFINITY) >= slot.getTime());
}
