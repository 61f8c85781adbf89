/**
 * What retention decided, as data and in words. JSON throughout (times are ISO 8601, UTC), as it becomes the written plan
 * that prune executes, the preview that a person reads, and the record of why something is gone.
 */
import type { Tier } from './policy.ts';

/** Why a snapshot stays. One is enough. */
export type KeepRule =
  /** It stands for this bucket until then; of a tier's buckets, the one that it keeps longest. */
  | {
      readonly rule: 'tier';
      readonly tier: Tier;
      readonly bucket: string;
      readonly until: string;
      readonly standIn: boolean;
    }
  /** It is one of the newest `of` good snapshots; `place` 1 is the newest. */
  | { readonly rule: 'floor'; readonly place: number; readonly of: number }
  /** It is not good, but young: there is still time to look into it. */
  | { readonly rule: 'flawed'; readonly flaw: string; readonly until: string }
  | { readonly rule: 'hold' }
  | { readonly rule: 'protected'; readonly by: string }
  /** Nothing of its source expires at present. */
  | { readonly rule: 'frozen'; readonly because: FreezeCause }
  /** Its time lies ahead of now. */
  | { readonly rule: 'future' }
  /** Its time is not known, or cannot be true. */
  | { readonly rule: 'undated' }
  /** The plan has no source of this id, so no policy speaks of it. */
  | { readonly rule: 'unplanned' };

export type FreezeCause = 'no-good-snapshot' | 'newest-good-too-old' | 'newest-is-not-good';

export interface Kept {
  readonly id: string;
  readonly source: string;
  readonly time: string | null;
  /** The same as `rules`, in words and in the same order. */
  readonly reasons: readonly string[];
  readonly rules: readonly KeepRule[];
}

/** Why a tier does not keep a snapshot: its bucket's time is over (`ended`), or another stands for the bucket (`by`). */
export type Passed =
  | { readonly tier: Tier; readonly bucket: string; readonly ended: string }
  | { readonly tier: Tier; readonly bucket: string; readonly by: string };

export interface Deleted {
  readonly id: string;
  readonly source: string;
  readonly time: string;
  /** `passed` and `newerGood` in words. */
  readonly reason: string;
  readonly passed: readonly Passed[];
  /** The next newer snapshot that is good and stays; without one nothing is deleted. */
  readonly newerGood: string;
  /** The snapshot that has all that this one has, and more: to delete it takes no moment away. */
  readonly succeededBy?: string;
}

export interface Frozen {
  readonly source: string;
  readonly because: FreezeCause;
  readonly reason: string;
}

export interface RetentionDecision {
  /** Newest first; those without a believable time at the end. */
  readonly keep: readonly Kept[];
  readonly delete: readonly Deleted[];
  readonly frozen: readonly Frozen[];
}
