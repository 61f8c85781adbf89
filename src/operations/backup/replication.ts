/** What the steps of a replication hand on through the vault's work area: batches of packs, and what is to be committed. */
import * as z from 'zod';
import type { ErrorName } from '../../core/errors.ts';
import { batchKey, type JobName } from './job.ts';

export const batchSchema = z.object({
  packs: z.array(z.string()),
  /** Only snapshots that the replica missed earlier need these: what is damaged of them does not fail the job. */
  missed: z.boolean().optional(),
});
export type Batch = z.infer<typeof batchSchema>;

export const replicationSchema = z.object({
  /** What the snapshot of the job needs. */
  packs: z.array(z.string()),
  /** Earlier snapshots that the replica lacks, oldest first, and what they need. */
  missed: z.array(z.object({ snapshot: z.string(), packs: z.array(z.string()) })),
});
export type Replication = z.infer<typeof replicationSchema>;

export const replicationKey = (job: JobName, vault: number): string => batchKey(job, vault, 'needed');

/** Why a snapshot that was missed is left out again: it, and not the replica, is in the way. */
export const leftOut: readonly ErrorName[] = ['VaultDamaged', 'ObjectMissing', 'SnapshotMissing', 'WriterFenced'];
