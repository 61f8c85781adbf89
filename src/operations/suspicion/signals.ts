/** What a snapshot tells about the state of its source: numbers that were there anyway when it was captured. */
import * as z from 'zod';
import type { Snapshot } from '../../format/snapshot.ts';

export interface Signals {
  readonly files: number;
  readonly bytes: number;
  /** New content, before and after compression. Not known of snapshots of earlier versions. */
  readonly fresh?: { readonly plain: number; readonly packed: number };
  /** What the names of files end in. */
  readonly endings?: { readonly counts: Readonly<Record<string, number>>; readonly others: number };
  /** The root was a mount point. */
  readonly mounted?: boolean;
  /** Of a database. */
  readonly rows?: number;
  /** Rows of the largest tables, by name; all tables where there are fewer of them than the list is long. */
  readonly largest?: Readonly<Record<string, number>>;
  /** How many tables there are. */
  readonly tables?: number;
}

/** A good state that came before: what `details.course` keeps of it. */
export interface Known {
  readonly signals: Signals;
  /** A person said that it is right, although it was suspicious. */
  readonly accepted: boolean;
}

const count = z.number().nonnegative();
/** Files, bytes, new content plain and packed, rows (-1: has none), 1 if accepted. Short, as every snapshot has many. */
const entrySchema = z.tuple([count, count, count, count, z.number(), z.number()]);
const courseSchema = z.object({ course: z.array(entrySchema).catch([]) }).catch({ course: [] });

/** Details are the source's own, and those of earlier versions lack some: what is not as expected is not known. */
const detailsSchema = z.object({
  fresh: z.object({ plain: count, packed: count }).optional().catch(undefined),
  endings: z
    .object({ counts: z.record(z.string(), count), others: count })
    .optional()
    .catch(undefined),
  mounted: z.boolean().optional().catch(undefined),
  rows: count.optional().catch(undefined),
  tables: count.optional().catch(undefined),
  largest: z.record(z.string(), count).optional().catch(undefined),
});

export function signalsOf({ totals, details }: Pick<Snapshot, 'totals' | 'details'>): Signals {
  const known = Object.entries(detailsSchema.parse(details)).filter(([, value]) => value !== undefined);
  return { files: totals.files, bytes: totals.bytes, ...Object.fromEntries(known) };
}

/**
 * The good states before a snapshot, newest first, as it remembers them. Retention thins snapshots out, and what a source does
 * in a month cannot be seen from twelve of them: so each carries the course of its source with it.
 */
export function courseOf({ details }: Pick<Snapshot, 'details'>): Known[] {
  return courseSchema.parse(details).course.map(([files, bytes, plain, packed, rows, accepted]) => ({
    signals: { files, bytes, fresh: { plain, packed }, ...(rows >= 0 && { rows }) },
    accepted: accepted === 1,
  }));
}

/** For the details of the next snapshot. */
export function rememberedOf(history: readonly Known[]): number[][] {
  return history.slice(0, remembered).map(({ signals: { files, bytes, fresh, rows }, accepted }) => {
    return [files, bytes, fresh?.plain ?? 0, fresh?.packed ?? 0, rows ?? -1, accepted ? 1 : 0];
  });
}

/** So many good states tell what is usual. */
export const remembered = 60;
