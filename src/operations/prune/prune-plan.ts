/** The written plan of a prune: exact ids with reasons. What it does not name is not deleted; its hash says that it is this plan. */
import * as z from 'zod';
import { sha256 } from '../../codec/identity.ts';
import { fail } from '../../core/errors.ts';
import { shortHash } from '../../core/ids.ts';
import { canonicalJson } from '../../core/json.ts';
import { layout } from '../../format/layout.ts';
import type { Vault } from '../../vault/vault.ts';
import { agreementSchema, withheldSchema } from './withhold.ts';

const keptSchema = z.object({
  id: z.string(),
  source: z.string(),
  time: z.string().nullable(),
  reasons: z.array(z.string()),
});
const deletedSchema = z.object({
  id: z.string(),
  source: z.string(),
  time: z.string(),
  reason: z.string(),
  /** The newer snapshot that is good, stays, and makes this one dispensable. */
  newerGood: z.string(),
  /** Says which sightings were known: a snapshot that a run has found again since is another matter. */
  seen: z.string().optional(),
  /** The snapshot that has all that this one has, and more. */
  succeededBy: z.string().optional(),
});

export const prunePlanSchema = z.object({
  prune: z.string(),
  vault: z.number(),
  place: z.string(),
  made: z.iso.datetime(),
  policy: z.string(),
  keep: z.array(keptSchema),
  delete: z.array(deletedSchema),
  frozen: z.array(z.object({ source: z.string(), reason: z.string() })),
  /** What retention would delete and prune does not, and why; these snapshots are among those that stay. */
  withheld: z.array(withheldSchema).default([]),
  /** Who said of which source that a large deletion is meant. */
  agreed: z.array(agreementSchema).default([]),
});
export type PrunePlan = z.infer<typeof prunePlanSchema>;

export const vaultPruneSchema = z.object({
  prune: z.string(),
  vault: z.number().int().nonnegative(),
  hash: z.string(),
});
export type VaultPrune = z.infer<typeof vaultPruneSchema>;

export const prunePlanKey = (prune: string): string => layout.work(prune, 'plan');
/** Of times in order; nothing for none. */
export const seenMark = (times: readonly Date[] | undefined): string | undefined =>
  times === undefined || times.length === 0 ? undefined : shortHash(...times.map((time) => time.toISOString()));
/** What the turns of a repacking came to so far. */
export const repackingKey = (prune: string): string => layout.work(prune, 'repacking');
export const repackingSchema = z.object({ packs: z.number(), bytes: z.number() });
export const hashOf = (plan: PrunePlan): string => sha256(Buffer.from(canonicalJson(plan)));

/** The plan as it was hashed. Errors: `PruneRefused` when it is another one. */
export async function readPrunePlan(vault: Vault, { prune, hash }: VaultPrune): Promise<PrunePlan> {
  const plan = await vault.objects.read(prunePlanKey(prune), prunePlanSchema);
  if (hashOf(plan) !== hash) {
    fail('PruneRefused', `the plan of prune ${prune} in ${vault.store.name} is not the one that was decided on`, {
      hint: 'Start the prune again; somebody or something changed its plan.',
      context: { prune },
    });
  }
  return plan;
}
