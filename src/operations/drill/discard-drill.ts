/** Removes what a rehearsal restored, whatever came of it. */
import * as z from 'zod';
import type { OperationContext } from '../context.ts';
import { openRestore, restoreSchema } from '../restore/record.ts';

export const discardDrillInput = z.looseObject({ drill: z.string(), restore: restoreSchema.optional() });

/** Without a planned restore nothing was written. Errors: `TargetUnusable`. */
export async function discardDrill(
  { restore }: z.infer<typeof discardDrillInput>,
  context: OperationContext,
): Promise<{ discarded: boolean }> {
  if (!restore) return { discarded: false };
  const open = await openRestore(context, restore.id, restore.vault);
  await open.source.discard(open.restore);
  return { discarded: true };
}
