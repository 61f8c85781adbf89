/** What a physical snapshot says of its log, in `details`: to which moments and positions it can be restored. */
import * as z from 'zod';
import { type Lsn, lsnOf } from './lsn.ts';

const position = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/** At most so many of the newest restore points are named. */
export const restorePointsKept = 200;

export const logDetails = z.looseObject({
  method: z.literal('physical'),
  systemIdentifier: z.string(),
  /** Of the base backup. */
  timeline: z.number().int().positive(),
  startLsn: position,
  stopLsn: position,
  walSegmentSize: z.number().int().positive(),
  baseEnded: z.string(),
  /** The data directory's tree: snapshots with an equal one have the same base backup. */
  base: z.string().optional(),
  /** The log is whole up to here, on this timeline; absent: to the end of the base backup. */
  walEnd: position.optional(),
  walTimeline: z.number().int().positive().optional(),
  /** Times that can be restored, both included, by the server's clock. ISO 8601, UTC. */
  window: z.object({ earliest: z.string(), latest: z.string() }).optional(),
  /** When the last transaction in the log ended; the state stays the same from then to `window.latest`. */
  lastTransaction: z.string().optional(),
  restorePoints: z.array(z.object({ name: z.string(), time: z.string(), lsn: position })).optional(),
});

/** The same with its defaults filled in, and positions as numbers. */
export interface LogDetails {
  readonly systemIdentifier: string;
  readonly segmentSize: number;
  readonly base: string;
  readonly baseTimeline: number;
  readonly start: Lsn;
  readonly stop: Lsn;
  readonly end: Lsn;
  readonly timeline: number;
  readonly window: { readonly earliest: string; readonly latest: string };
  readonly lastTransaction: string | undefined;
  readonly restorePoints: readonly { readonly name: string; readonly time: string; readonly lsn: string }[];
}

/** `undefined` for snapshots of another method. */
export function readDetails(details: Readonly<Record<string, unknown>>): LogDetails | undefined {
  const read = logDetails.safeParse(details);
  if (!read.success) return undefined;
  const of = read.data;
  return {
    systemIdentifier: of.systemIdentifier,
    segmentSize: of.walSegmentSize,
    base: of.base ?? `${of.systemIdentifier} ${of.startLsn}`,
    baseTimeline: of.timeline,
    start: lsnOf(of.startLsn),
    stop: lsnOf(of.stopLsn),
    end: lsnOf(of.walEnd ?? of.stopLsn),
    timeline: of.walTimeline ?? of.timeline,
    window: of.window ?? { earliest: of.baseEnded, latest: of.baseEnded },
    lastTransaction: of.lastTransaction,
    restorePoints: of.restorePoints ?? [],
  };
}

/** Whose log reaches further: positive when `one` does. */
export function furtherOf(one: LogDetails, other: LogDetails): number {
  if (one.timeline !== other.timeline) return one.timeline - other.timeline;
  return one.end === other.end ? 0 : one.end > other.end ? 1 : -1;
}
