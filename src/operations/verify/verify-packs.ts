/** Reads a batch of packs, every byte and every blob, and repairs what is damaged from another vault. */
import * as z from 'zod';
import { checkPack } from '../../vault/check.ts';
import type { OperationContext } from '../context.ts';
import { examinersOf } from '../crew/examine.ts';
import { batchSchema, outcomeKey, outcomeSchema, packBatchKey, type RepairedFinding } from './records.ts';
import { repairPackFromAny } from './repair.ts';

export const verifyPacksInput = z.object({
  verify: z.string(),
  vault: z.number().int().nonnegative(),
  batch: z.number().int().nonnegative(),
  cursor: z.number().int().nonnegative().optional(),
});

export interface VerifiedPacks {
  readonly verify: string;
  readonly vault: number;
  readonly batch: number;
  /** Packs of the batch that were read so far. */
  readonly cursor: number;
  readonly done: boolean;
  readonly packs: number;
  readonly bytes: number;
  readonly findings: number;
}

export async function verifyPacks(
  { verify, vault: number, batch, cursor = 0 }: z.infer<typeof verifyPacksInput>,
  context: OperationContext,
): Promise<VerifiedPacks> {
  const vault = await context.vaults.open(number);
  const { packs } = await vault.objects.read(packBatchKey(verify, batch), batchSchema);
  const before = cursor === 0 ? undefined : await vault.objects.read(outcomeKey(verify, batch), outcomeSchema);
  const findings: RepairedFinding[] = [...(before?.findings ?? [])];
  let bytes = before?.bytes ?? 0;
  let at = cursor;
  const examiners = examinersOf(context.crew, vault);
  const checks: ReturnType<typeof checkPack>[] = [];
  const begin = (pack: string): ReturnType<typeof checkPack> => {
    const checking = checkPack(vault, pack, examiners.examine);
    checking.catch(() => {}); // looked at in its turn
    return checking;
  };
  try {
    while (at < packs.length && (at === cursor || !context.deadline.passed())) {
      const pack = packs[at]!;
      while (checks.length < examiners.atOnce && at + checks.length < packs.length)
        checks.push(begin(packs[at + checks.length]!));
      const { finding, bytes: read } = await checks.shift()!;
      bytes += read;
      at += 1;
      if (!finding) continue;
      // collected since the batch was made: nothing is missing
      if (finding.what === 'pack-missing' && (await vault.index()).packNumber(pack) === undefined) continue;
      const repaired = (await repairPackFromAny(context, number, pack)) && !(await checkPack(vault, pack)).finding;
      findings.push({ vault: number, ...finding, repaired });
      context.log.warn('pack-damaged', { verify, place: vault.store.name, ...finding, repaired });
    }
  } finally {
    await Promise.allSettled(checks);
    examiners.close();
  }
  await vault.objects.write(outcomeKey(verify, batch), { findings, packs: at, bytes });
  return {
    verify,
    vault: number,
    batch,
    cursor: at,
    done: at >= packs.length,
    packs: at,
    bytes,
    findings: findings.length,
  };
}
