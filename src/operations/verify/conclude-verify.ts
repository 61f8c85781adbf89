/** Sums up a verification: findings, what was repaired, how much was read, and what each snapshot may now be trusted to be. */
import * as z from 'zod';
import { readFailure } from '../../core/failure.ts';
import { layout } from '../../format/layout.ts';
import type { Vault } from '../../vault/vault.ts';
import { clear, raise } from '../alerting.ts';
import { caughtSchema } from '../backup/conclude-run.ts';
import type { OperationContext } from '../context.ts';
import {
  outcomeKey,
  outcomeSchema,
  type RepairedFinding,
  slotCount,
  slotSchema,
  slotsKey,
  structureKey,
} from './records.ts';

const batchResult = z.object({ packs: z.number(), bytes: z.number(), findings: z.number() });

export const concludeVerifyInput = z.object({
  verify: z.string(),
  vaults: z.array(
    z.discriminatedUnion('status', [
      z.object({
        vault: z.number(),
        status: z.literal('success'),
        findings: z.number(),
        batches: z.array(batchResult),
      }),
      z.object({ vault: z.number(), status: z.literal('failure'), error: caughtSchema }),
    ]),
  ),
});

export interface VerifyReport {
  readonly verify: string;
  readonly status: 'success' | 'failure';
  /** At most 200; `findingCount` is the full number. */
  readonly findings: readonly RepairedFinding[];
  readonly findingCount: number;
  readonly read: { readonly packs: number; readonly bytes: number };
}

const findingsTold = 200;

export async function concludeVerify(
  { verify, vaults }: z.infer<typeof concludeVerifyInput>,
  context: OperationContext,
): Promise<VerifyReport> {
  const findings: RepairedFinding[] = [];
  const read = { packs: 0, bytes: 0 };
  let failed = false;
  for (const result of vaults) {
    const trouble = `verify/vault-${result.vault}`;
    const place = context.vaults.place(result.vault);
    if (result.status === 'failure') {
      failed = true;
      const { name, message, hint } = readFailure(result.error);
      await raise(context, {
        kind: 'corruption',
        severity: 'critical',
        trouble,
        subject: `${place} could not be verified`,
        what: `${name}: ${message}`,
        action: hint ?? 'Mend the cause, then run `tidemark verify`.',
        run: verify,
      });
      continue;
    }
    const vault = await context.vaults.open(result.vault);
    const here = await findingsIn(vault, verify, result.batches.length);
    findings.push(...here);
    for (const batch of result.batches) {
      read.packs += batch.packs;
      read.bytes += batch.bytes;
    }
    if (here.every((finding) => finding.repaired)) await recordReading(context, vault, verify);
    await tell(context, trouble, place, verify, here);
  }
  const status = failed || findings.some((finding) => !finding.repaired) ? 'failure' : 'success';
  const report: VerifyReport = {
    verify,
    status,
    findings: findings.slice(0, findingsTold),
    findingCount: findings.length,
    read,
  };
  const primary = await context.vaults.open(0);
  await primary.objects.write(layout.run(verify), { ...report, findings, ended: context.clock.now().toISOString() });
  context.log.info('verify-concluded', { ...report });
  await clear(context, 'workflow/verify', { run: verify });
  return report;
}

async function findingsIn(vault: Vault, verify: string, batches: number): Promise<RepairedFinding[]> {
  const findings = [...(await vault.objects.read(structureKey(verify), outcomeSchema)).findings];
  for (let batch = 0; batch < batches; batch += 1) {
    findings.push(...(await vault.objects.read(outcomeKey(verify, batch), outcomeSchema)).findings);
  }
  return findings;
}

/** Once every slot was read after a snapshot's end, every byte that it needs was. */
async function recordReading(context: OperationContext, vault: Vault, verify: string): Promise<void> {
  const { slots } = await vault.objects.read(slotsKey(verify), z.object({ slots: z.array(z.number()) }));
  const now = context.clock.now();
  for (const slot of slots) await vault.objects.write(layout.verified(slot), { read: now.toISOString() });
  let oldest = now.getTime();
  for (let slot = 0; slot < slotCount; slot += 1) {
    const record = await vault.objects.readIfThere(layout.verified(slot), slotSchema);
    oldest = Math.min(oldest, record ? new Date(record.read).getTime() : 0);
  }
  const trust = await vault.snapshots.trust();
  for (const snapshot of await vault.snapshots.list()) {
    if (new Date(snapshot.ended).getTime() > oldest) continue;
    if (trust.get(snapshot.id)?.some(({ level, time }) => level === 'read' && new Date(time).getTime() >= oldest))
      continue;
    await vault.snapshots.recordTrust(snapshot.id, { level: 'read', time: now.toISOString(), by: verify });
  }
}

async function tell(
  context: OperationContext,
  trouble: string,
  place: string,
  verify: string,
  findings: readonly RepairedFinding[],
): Promise<void> {
  const lost = findings.filter((finding) => !finding.repaired);
  const first = lost[0] ?? findings[0];
  if (!first) {
    await clear(context, trouble, { run: verify });
    return;
  }
  const what = `${findings.length} damaged objects, ${lost.length} of them not repaired; first ${first.object} (${first.what}): ${first.detail}`;
  await raise(context, {
    kind: 'corruption',
    severity: lost.length > 0 ? 'critical' : 'warning',
    trouble,
    subject: lost.length > 0 ? `${place} is damaged` : `${place} was damaged and is repaired`,
    what,
    action:
      lost.length > 0
        ? 'Restore what you need from a replica now; check the disk or bucket; back up again, which stores anew what is lost.'
        : 'Check the disk or bucket: what was damaged once may be again. Nothing else has to be done.',
    run: verify,
  });
}
