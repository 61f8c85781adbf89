/**
 * Looks at what was just committed: everything that the snapshot needs is in the vault, and what this job stored is read
 * back and compared with its checksums. Only then does the snapshot count as good. What it shares with the snapshot before
 * is not looked at again where that one was found whole: see `vault/needs.ts`.
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { checkPackSum, type Finding } from '../../vault/check.ts';
import { examine, recordComplete } from '../../vault/needs.ts';
import type { OperationContext } from '../context.ts';
import { jobSchema, leaseOf, packsKey, packsSchema } from './job.ts';

export const verifySnapshotInput = z.object({ job: jobSchema, snapshot: z.string() });

export interface VerifiedSnapshot {
  readonly snapshot: string;
  readonly trust: 'complete';
  readonly packs: number;
  readonly bytes: number;
}

export async function verifySnapshot(
  { job, snapshot: id }: z.infer<typeof verifySnapshotInput>,
  context: OperationContext,
): Promise<VerifiedSnapshot> {
  const vault = await context.vaults.open(0);
  const snapshot = await vault.snapshots.get(id);
  const { needs, findings: lacking } = await examine(vault, snapshot);
  const findings: Finding[] = [...lacking];
  let readBack = true;
  const stored = snapshot.run === job.run ? await vault.objects.readIfThere(packsKey(job), packsSchema) : undefined;
  for (const pack of stored?.packs ?? []) {
    if (context.deadline.passed()) {
      readBack = vault.store.capabilities.nativeChecksum; // the store looked at each put itself
      break;
    }
    const { finding } = await checkPackSum(vault, pack);
    if (finding) findings.push(finding);
  }
  const first = findings[0];
  if (first) {
    fail(
      'VaultDamaged',
      `snapshot ${id} was committed, but ${findings.length} of its packs are damaged, first ${first.object}: ${first.detail}`,
      {
        hint: 'Run `tidemark verify --read-all`, then back up again. Check the disk or bucket that the vault is on.',
        context: { snapshot: id, object: first.object },
      },
    );
  }
  const record = { time: context.clock.now().toISOString(), by: job.run };
  if (readBack) await vault.snapshots.recordTrust(id, { level: 'stored', ...record });
  await recordComplete(vault, id, needs, record);
  await vault.leases.end(leaseOf(job));
  const bytes = [...needs.packs.values()].reduce((sum, size) => sum + size, 0);
  return { snapshot: id, trust: 'complete', packs: needs.packs.size, bytes };
}
