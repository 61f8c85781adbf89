/**
 * Which snapshots a new one goes on from. A logs run goes on with the log of the newest base, with one exception: right after
 * a new base the log of the base before is followed until it has passed the new one's end, so that no moment between the two
 * is left out. What the one chain has read of the log the other takes over by reference.
 */
import type { Cadence, Snapshot } from '../../../format/snapshot.ts';
import type { Lineage, PreviousSnapshot } from '../../port.ts';
import { furtherOf, type LogDetails, readDetails } from './details.ts';

interface Known {
  readonly id: string;
  readonly details: LogDetails;
}

/** `known`: newest first. Only physical snapshots without problems count. */
export function lineageOf(known: readonly Snapshot[], cadence: Cadence): Lineage {
  const physical = known.flatMap(({ id, details, problemCount }): Known[] => {
    const read = readDetails(details);
    return read && problemCount === 0 ? [{ id, details: read }] : [];
  });
  const [newest] = physical.toSorted((a, b) => byBase(a, b) || byReach(a, b));
  if (!newest) return { parent: undefined, others: [] };
  const { base, end, stop } = newest.details;
  // once it has a log of its own, the others are history
  if (cadence !== 'logs' || end > stop) return { parent: newest.id, others: [] };
  const [furthest] = physical.filter(({ details }) => details.base !== base).toSorted(byReach);
  return { parent: newest.id, others: furthest ? [furthest.id] : [] };
}

/** The snapshot whose chain a logs run makes longer, and the one whose log it takes over. */
export interface Chain {
  readonly on: PreviousSnapshot;
  readonly details: LogDetails;
  /** Where the log that the vault has ends: of `on`, or of the snapshot that more is taken over from. */
  readonly reached: LogDetails;
  readonly from: PreviousSnapshot | undefined;
}

/** What to go on from, best first. The second is for when the server no longer has what the first needs. */
export function chainsOf(
  previous: PreviousSnapshot | undefined,
  others: readonly PreviousSnapshot[],
): readonly Chain[] {
  const newest = previous && readDetails(previous.details);
  if (!previous || !newest) return [];
  const [other] = others;
  const further = other && readDetails(other.details);
  const alone: Chain = { on: previous, details: newest, reached: newest, from: undefined };
  if (!further || further.systemIdentifier !== newest.systemIdentifier) return [alone];
  const passed = furtherOf(further, { ...newest, timeline: newest.baseTimeline, end: newest.stop }) >= 0;
  if (passed) return [{ ...alone, reached: further, from: other }];
  return [{ on: other, details: further, reached: further, from: undefined }, alone];
}

function byBase(one: Known, other: Known): number {
  if (one.details.base === other.details.base) return 0;
  return one.details.window.earliest < other.details.window.earliest ? 1 : -1;
}

function byReach(one: Known, other: Known): number {
  return furtherOf(other.details, one.details);
}
