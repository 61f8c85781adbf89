/**
 * Looks at what was just committed: everything that the snapshot needs is in the vault, and what this job stored is read
 * back and compared with its checksums. Only then does the snapshot count as good.
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { layout } from '../../format/layout.ts';
import { checkPackSum, type Finding } from '../../vault/check.ts';
import { packsOf } from '../../vault/replicate.ts';
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
  const needed = await packsOf(vault, snapshot);
  const index = await vault.index();
  const there = new Map<string, number>();
  for await (const object of vault.store.list(layout.packs)) there.set(object.key, object.size);
  const findings: Finding[] = [];
  let bytes = 0;
  for (const pack of needed) {
    const size = there.get(layout.pack(pack));
    const wanted = index.packs[index.packNumber(pack)!]!.size;
    bytes += wanted;
    if (size === wanted) continue;
    const detail = size === undefined ? 'the object is not there' : `${size} bytes instead of ${wanted}`;
    findings.push({ what: size === undefined ? 'pack-missing' : 'pack-size', object: layout.pack(pack), detail });
  }
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
  await vault.snapshots.recordTrust(id, { level: 'complete', ...record });
  await vault.leases.end(leaseOf(job));
  return { snapshot: id, trust: 'complete', packs: needed.length, bytes };
}
