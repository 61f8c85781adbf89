/** What retention has to know of a snapshot, and nothing else. */
import type { Snapshot, TrustLevel } from '../../format/snapshot.ts';
import { trustLevels } from '../../format/snapshot.ts';
import type { Retention } from './policy.ts';
import { type Span, spanOf } from './span.ts';

export interface RetentionCandidate {
  readonly id: string;
  readonly source: string;
  /** The state that it restores: when its capture began, never when a copy of it was made. Not known: never deleted. */
  readonly time: Date | undefined;
  /** Verified, not suspicious, without problems: only such a snapshot can stand for a bucket or justify a deletion. */
  readonly good: boolean;
  /** Why it is not good, in words, for the report. */
  readonly flaw?: string;
  /** A person said "do not delete". */
  readonly held: boolean;
  /** What needs it, in words: a running restore, a point-in-time window, a lock, being the newest copy of its kind. */
  readonly protectedBy?: readonly string[];
  /**
   * When later runs found the source still in exactly this state and took no new snapshot (an equal revision). At those
   * times too, this is the source's state.
   */
  readonly sightings?: readonly Date[];
  /** What it restores besides `time`, where it restores to any moment of a span. */
  readonly span?: Span;
}

export interface RetentionInput {
  /** All snapshots of one source in one vault. */
  readonly candidates: readonly RetentionCandidate[];
  readonly policy: Retention;
  readonly timeZone: string;
  /** How old the newest good snapshot may be, in milliseconds. */
  readonly rpo: number;
  readonly now: Date;
}

/** What the snapshot itself does not say. */
export interface SnapshotStanding {
  /** The highest level of verification that was recorded and is not contradicted by a later finding. */
  readonly trust: TrustLevel | undefined;
  readonly held: boolean;
  /** A person said that it is right although it looks suspicious. */
  readonly accepted?: boolean;
  readonly protectedBy?: readonly string[];
  readonly sightings?: readonly Date[];
}

/** The one place that says what makes a snapshot good. */
export function candidateOf(snapshot: Snapshot, standing: SnapshotStanding): RetentionCandidate {
  const { trust, held, accepted = false, protectedBy, sightings } = standing;
  const flaw = flawOf(snapshot, trust, accepted);
  const span = spanOf(snapshot.details ?? {}, sightings);
  return {
    id: snapshot.id,
    source: snapshot.source,
    time: new Date(snapshot.time),
    good: flaw === undefined,
    ...(flaw === undefined ? {} : { flaw }),
    held,
    ...(protectedBy === undefined ? {} : { protectedBy }),
    ...(sightings === undefined ? {} : { sightings }),
    ...(span === undefined ? {} : { span }),
  };
}

function flawOf(snapshot: Snapshot, trust: TrustLevel | undefined, accepted: boolean): string | undefined {
  if (snapshot.suspicion !== undefined && !accepted) return `suspicious: ${snapshot.suspicion}`;
  if (snapshot.problemCount > 0)
    return `incomplete: ${snapshot.problemCount} problem${snapshot.problemCount === 1 ? '' : 's'}`;
  if (trust === undefined || trustLevels.indexOf(trust) < trustLevels.indexOf('complete')) return 'not yet verified';
  return undefined;
}
