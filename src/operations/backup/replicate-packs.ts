/** Copies one batch of packs to a replica. A repeated batch passes over what is there already. */
import * as z from 'zod';
import { asTidemarkError } from '../../core/errors.ts';
import { layout } from '../../format/layout.ts';
import { copyPack } from '../../vault/replicate.ts';
import type { OperationContext } from '../context.ts';
import { batchKey } from './job.ts';
import { batchSchema, leftOut } from './replication.ts';

export const replicatePacksInput = z.object({
  run: z.string(),
  source: z.string(),
  snapshot: z.string(),
  vault: z.number().int().positive(),
  batch: z.number().int().nonnegative(),
});

export async function replicatePacks(
  { run, source, vault, batch }: z.infer<typeof replicatePacksInput>,
  context: OperationContext,
): Promise<{ packs: number; bytes: number }> {
  const primary = await context.vaults.open(0);
  const replica = await context.vaults.open(vault);
  const { packs, missed } = await primary.objects.read(batchKey({ run, source }, vault, batch), batchSchema);
  let bytes = 0;
  for (const pack of packs) {
    if (await replica.store.head(layout.pack(pack))) continue;
    try {
      bytes += await copyPack(primary, replica, pack);
    } catch (error) {
      const { name, message } = asTidemarkError(error);
      if (!missed || !leftOut.includes(name)) throw error;
      context.log.warn('missed-pack-not-copied', { pack, place: replica.store.name, error: `${name}: ${message}` });
    }
  }
  return { packs: packs.length, bytes };
}
