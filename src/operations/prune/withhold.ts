/**
 * What speaks against deleting, although retention would: nothing that a person could not bring about by mistake or by malice
 * should be able to empty a vault. What is withheld stays, the rest is deleted, and the prune fails and says so.
 */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';
import { excessOf, type RetentionDecision } from '../../plan/index.ts';
import type { Vault } from '../../vault/vault.ts';
import { slotCount, slotSchema } from '../verify/records.ts';

export const withheldSchema = z.object({
  /** Absent: everything in the vault. */
  source: z.string().optional(),
  reason: z.string(),
  hint: z.string(),
});
export type Withheld = z.infer<typeof withheldSchema>;

/** A person's word that a large deletion is meant. */
export const agreementSchema = z.strictObject({ source: z.string(), who: z.string(), why: z.string() });
export type Agreement = z.infer<typeof agreementSchema>;

const day = 24 * 60 * 60 * 1000;
/** Every byte is read within four weeks; two more are for machines that were off and repairs that took their time. */
const overdueAfter = (slotCount + 14) * day;

/** Whether the copies that would justify a deletion were looked at: a vault that nobody verifies is not one to delete from. */
export async function unverified(vault: Vault, now: Date): Promise<Withheld | undefined> {
  if (await vault.store.head(layout.unrepaired)) {
    return {
      reason: `the last verification of ${vault.store.name} left damage that it could not repair`,
      hint: 'Run `tidemark verify --read-all`, and see the alert of the verification. Until it ends well nothing is deleted.',
    };
  }
  let oldest = Number.POSITIVE_INFINITY;
  for (let slot = 0; slot < slotCount; slot += 1) {
    const record = await vault.objects.readIfThere(layout.verified(slot), slotSchema);
    oldest = Math.min(oldest, Date.parse(record?.read ?? vault.config.created));
  }
  const age = now.getTime() - oldest;
  if (age <= overdueAfter) return undefined;
  return {
    reason: `some of ${vault.store.name} was not read for ${Math.floor(age / day)} days, and a verification is due every ${slotCount}`,
    hint: 'Run `tidemark verify` daily, as `prune` is; `tidemark verify --read-all` makes good what was missed.',
  };
}

/** Sources of which too much would go at once, and of which nobody has said that it is meant. */
export function excessive(decision: RetentionDecision, agreed: readonly Agreement[], place: string): Withheld[] {
  const found: Withheld[] = [];
  for (const source of new Set(decision.delete.map((one) => one.source))) {
    const own = <One extends { readonly source: string }>(all: readonly One[]): One[] =>
      all.filter((one) => one.source === source);
    const excess = excessOf({ keep: own(decision.keep), delete: own(decision.delete) });
    if (!excess || agreed.some((one) => one.source === source)) continue;
    found.push({
      source,
      reason: `prune would delete ${excess.delete} of ${excess.of} snapshots of ${source} in ${place} at once`,
      hint: `Look at \`tidemark prune --dry-run\`. If it is meant: \`tidemark prune --agree ${source} --why ...\`.`,
    });
  }
  return found;
}
