/** What a snapshot says: JSON, one object each, created once and never changed. Format version 1. */
import * as z from 'zod';

export const snapshotVersion = 1;

export const cadences = ['full', 'incremental', 'logs', 'change'] as const;
export type Cadence = (typeof cadences)[number];

const count = z.number().int().nonnegative();

/** Something that could not be captured as it is. `path` is relative to the source's root. */
export const problemSchema = z.object({ path: z.string(), what: z.string() });
export type Problem = z.infer<typeof problemSchema>;

export const totalsSchema = z.object({
  files: count,
  directories: count,
  /** Symbolic links, FIFOs, sockets and devices. */
  others: count,
  /** Bytes of content that the snapshot restores. */
  bytes: count,
  /** Bytes that had to be read from the source. */
  read: count,
  /** Bytes new to the vault, as stored: compressed, sealed, framed. */
  stored: count,
});
export type Totals = z.infer<typeof totalsSchema>;

export const snapshotSchema = z.object({
  format: z.literal('tidemark-snapshot'),
  version: z.literal(snapshotVersion),
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  cadence: z.enum(cadences),
  run: z.string(),
  /** When the capture began: the point in time that this snapshot restores. ISO 8601, UTC. */
  time: z.iso.datetime(),
  ended: z.iso.datetime(),
  /** The version of a versioned source (a commit id). Same source and revision: same snapshot. */
  revision: z.string().optional(),
  /** Blob id of the root directory's tree. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
  totals: totalsSchema,
  /** At most 1,000 of them; `problemCount` is the full number. A snapshot with problems is kept and never called a success. */
  problems: z.array(problemSchema),
  problemCount: count,
  /** Why the snapshot does not count as good although it is complete: an empty or much smaller source, say. */
  suspicion: z.string().optional(),
  /** The snapshot that unchanged files were recognised by. It is not needed to restore this one. */
  parent: z.string().optional(),
  /** What the kind wants to remember: server version, database name, commit author, ... */
  details: z.record(z.string(), z.unknown()),
  program: z.string(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Levels of verification, weakest first. */
export const trustLevels = ['stored', 'complete', 'read', 'restored'] as const;
export type TrustLevel = (typeof trustLevels)[number];
