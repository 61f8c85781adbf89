/**
 * To which moment a database is restored, and which snapshot gets it there. A snapshot of a database with its log covers
 * all moments of its window; a moment that none covers is refused, with the nearest ones that can be had.
 */
import { fail } from '../../../core/errors.ts';
import type { Snapshot } from '../../../format/snapshot.ts';
import type { RestoreMoment } from '../../port.ts';
import { furtherOf, type LogDetails, readDetails } from './details.ts';
import { lsnOf, lsnText, readLsn } from './lsn.ts';
import { microsecondsOf } from './read/time.ts';

export interface MomentChoice {
  readonly snapshot: Snapshot;
  readonly moment: RestoreMoment;
  /** For people and records: the time that is restored, as far as it is known. ISO 8601. */
  readonly time: string;
}

interface Candidate {
  readonly snapshot: Snapshot;
  readonly log: LogDetails;
}

/** What `--at` says: a time with its offset, a position in the log, `latest`, or `point:` and the name of a restore point. */
export function readMoment(at: string): RestoreMoment {
  if (at === 'latest') return {};
  if (readLsn(at) !== undefined) return { lsn: at.toUpperCase() };
  if (at.startsWith('point:') && at.length > 6) return { name: at.slice(6) };
  if (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(at) &&
    !Number.isNaN(Date.parse(at))
  )
    return { time: at };
  return fail('InputInvalid', `${JSON.stringify(at)} is not a time with an offset`, {
    hint: 'Write it like 2026-03-15T12:04:59+01:00 or 2026-03-15T11:04:59Z. For a database with its log, a position (16/B374D848), point:NAME and latest will do too.',
  });
}

/** True when snapshots of a database with its log are among them. */
export function hasWindows(snapshots: readonly Snapshot[]): boolean {
  return snapshots.some(({ details }) => readDetails(details) !== undefined);
}

/** Snapshots whose windows end where later runs found the server idle: it was still in that state then. */
export function withSightings(
  snapshots: readonly Snapshot[],
  sightings: ReadonlyMap<string, readonly Date[]>,
): readonly Snapshot[] {
  return snapshots.map((snapshot) => {
    const seen = sightings.get(snapshot.id)?.at(-1)?.toISOString();
    const log = seen === undefined ? undefined : readDetails(snapshot.details);
    if (!log || seen === undefined || compare(seen, log.window.latest) <= 0) return snapshot;
    return { ...snapshot, details: { ...snapshot.details, window: { ...log.window, latest: seen } } };
  });
}

/** The stretches of time of which every second can be restored, oldest first; those that touch are one. */
export function windowsOf(
  snapshots: readonly Pick<Snapshot, 'details' | 'suspicion'>[],
): readonly LogDetails['window'][] {
  const windows = snapshots.flatMap(({ details, suspicion }) => {
    const log = suspicion === undefined ? readDetails(details) : undefined;
    return log ? [log.window] : [];
  });
  const merged: { earliest: string; latest: string }[] = [];
  for (const { earliest, latest } of windows.toSorted((a, b) => compare(a.earliest, b.earliest))) {
    const last = merged.at(-1);
    if (!last || compare(last.latest, earliest) < 0) merged.push({ earliest, latest });
    else if (compare(last.latest, latest) < 0) last.latest = latest;
  }
  return merged;
}

/** `snapshots`: of one source, newest first. Errors: `RestorePointMissing`, with the nearest that there is. */
export function chooseMoment(source: string, snapshots: readonly Snapshot[], moment: RestoreMoment): MomentChoice {
  const all = snapshots.flatMap((snapshot): Candidate[] => {
    const log = readDetails(snapshot.details);
    return log && snapshot.suspicion === undefined ? [{ snapshot, log }] : [];
  });
  if (moment.time !== undefined) return atTime(source, all, moment, moment.time);
  if (moment.lsn !== undefined) return atPosition(source, all, moment, moment.lsn);
  if (moment.name !== undefined) return atName(source, all, moment, moment.name);
  const [furthest] = all.toSorted((a, b) => furtherOf(b.log, a.log) || byLeastReplay(a, b));
  if (!furthest) return none(source, 'at all', all);
  return { snapshot: furthest.snapshot, moment, time: furthest.log.window.latest };
}

/**
 * Of those that cover the moment: the newest base, as least has to be replayed from it, and the log that ends first behind
 * the moment. After a failover a later one is on the timeline of the new primary, and the moment may lie on the old one.
 */
function atTime(source: string, all: readonly Candidate[], moment: RestoreMoment, time: string): MomentChoice {
  const at = microsecondsOf(time);
  const covering = all.filter(
    ({ log: { window } }) => microsecondsOf(window.earliest) <= at && at <= microsecondsOf(window.latest),
  );
  const [best] = covering.toSorted((a, b) => byLeastReplay(a, b) || compare(a.log.window.latest, b.log.window.latest));
  if (!best) return none(source, `at ${time}`, all, at);
  const { lastTransaction } = best.log;
  // nothing ended between the last transaction and the moment: all of the log is that state, and a recovery that waits for
  // a later transaction would never end
  const all_of_it = lastTransaction === undefined || microsecondsOf(lastTransaction) <= at;
  return { snapshot: best.snapshot, moment: all_of_it ? { ...moment, time: undefined } : moment, time };
}

function atPosition(source: string, all: readonly Candidate[], moment: RestoreMoment, text: string): MomentChoice {
  const lsn = lsnOf(text);
  const covering = all.filter(({ log }) => log.stop <= lsn && lsn <= log.end);
  const [best] = covering.toSorted((a, b) => byLeastReplay(a, b) || furtherOf(b.log, a.log));
  if (!best) {
    const ranges = all.map(({ log }) => `${lsnText(log.stop)} to ${lsnText(log.end)}`);
    return none(
      source,
      `at ${text}`,
      all,
      undefined,
      `Positions that can be: ${[...new Set(ranges)].slice(0, 3).join('; ')}.`,
    );
  }
  const whole = lsn === best.log.end;
  return {
    snapshot: best.snapshot,
    moment: whole ? { ...moment, lsn: undefined } : moment,
    time: best.log.window.latest,
  };
}

function atName(source: string, all: readonly Candidate[], moment: RestoreMoment, name: string): MomentChoice {
  const [best] = all
    .filter(({ log }) => log.restorePoints.some((point) => point.name === name))
    .toSorted((a, b) => byLeastReplay(a, b) || furtherOf(b.log, a.log));
  if (!best) {
    const names = [...new Set(all.flatMap(({ log }) => log.restorePoints.map((point) => point.name)))];
    const hint =
      names.length === 0
        ? 'No restore points have been made (pg_create_restore_point).'
        : `Restore points: ${names.slice(-10).join(', ')}.`;
    return none(source, `at the restore point ${JSON.stringify(name)}`, all, undefined, hint);
  }
  return { snapshot: best.snapshot, moment, time: best.log.restorePoints.find((point) => point.name === name)!.time };
}

function byLeastReplay(one: Candidate, other: Candidate): number {
  return compare(other.log.window.earliest, one.log.window.earliest);
}

function none(source: string, what: string, all: readonly Candidate[], at?: bigint, hint?: string): never {
  const windows = all.map(({ log }) => log.window);
  const before = windows
    .filter(({ latest }) => at !== undefined && microsecondsOf(latest) < at)
    .map(({ latest }) => latest)
    .sort(compare)
    .at(-1);
  const after = windows
    .filter(({ earliest }) => at !== undefined && microsecondsOf(earliest) > at)
    .map(({ earliest }) => earliest)
    .sort(compare)[0];
  const nearest = [before && `before it ${before}`, after && `after it ${after}`].filter(Boolean);
  return fail('RestorePointMissing', `${source} cannot be restored ${what}`, {
    hint:
      hint ??
      (nearest.length > 0
        ? `The nearest moments that can be: ${nearest.join(', ')}.`
        : 'See `tidemark snapshots` for what there is.'),
    context: { source, before, after },
  });
}

/** Times with and without microseconds, by what they mean. */
function compare(one: string, other: string): number {
  const [a, b] = [microsecondsOf(one), microsecondsOf(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}
