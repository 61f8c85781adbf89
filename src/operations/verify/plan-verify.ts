/** Opens a verification of every vault. */
import * as z from 'zod';
import { runId } from '../../core/ids.ts';
import type { OperationContext } from '../context.ts';
import { verifyKey } from './records.ts';

export const planVerifyInput = z.strictObject({
  /** Every stored byte now, not just the part whose turn it is. */
  readAll: z.boolean().optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});

export async function planVerify(
  { readAll = false, execution, started }: z.infer<typeof planVerifyInput>,
  context: OperationContext,
): Promise<{ verify: string; vaults: { verify: string; vault: number }[] }> {
  const verify = runId(new Date(started), 'verify', execution);
  const primary = await context.vaults.open(0);
  await primary.objects.write(verifyKey(verify), { verify, readAll, started });
  return { verify, vaults: Array.from({ length: context.vaults.count }, (_, vault) => ({ verify, vault })) };
}
