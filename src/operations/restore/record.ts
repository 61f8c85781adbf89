/** What a restore is: written when it is planned, in the vault that it reads from, and looked up by every later step. */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';
import type { RestoreContext, Source } from '../../sources/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';

/** The part that travels in payloads. */
export const restoreSchema = z.object({
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  snapshot: z.string(),
  /** The point in time that is restored. */
  time: z.iso.datetime(),
  target: z.string(),
  vault: z.number().int().nonnegative(),
});
export type Restore = z.infer<typeof restoreSchema>;

export const restoreRecordSchema = restoreSchema.extend({
  paths: z.array(z.string()),
  overwrite: z.boolean(),
  /** For sources with a log: how far it is followed. */
  moment: z
    .object({
      time: z.string().optional(),
      lsn: z.string().optional(),
      name: z.string().optional(),
      pause: z.boolean().optional(),
    })
    .optional(),
  started: z.iso.datetime(),
});

export const restoreKey = (restore: string): string => layout.work(restore, 'restore');
export const restoreCursorKey = (restore: string, cursor: number): string => layout.work(restore, `cursor-${cursor}`);
export const leaseOfRestore = (restore: string): string => `restore.${restore}`;

/** Longer than any restore takes; prune leaves the snapshot alone for so long. */
export const leaseLength = 7 * 24 * 60 * 60 * 1000;

export interface OpenRestore {
  readonly vault: Vault;
  readonly source: Source;
  readonly record: z.infer<typeof restoreRecordSchema>;
  readonly restore: RestoreContext;
}

export async function openRestore(context: OperationContext, id: string, number: number): Promise<OpenRestore> {
  const vault = await context.vaults.open(number);
  const record = await vault.objects.read(restoreKey(id), restoreRecordSchema);
  const snapshot = await vault.snapshots.get(record.snapshot);
  const planned = context.plan.sources.some((source) => source.id === record.source && source.kind === record.kind);
  return {
    vault,
    source: planned ? context.source(record.source) : context.sourceOfKind(record.kind),
    record,
    restore: {
      reader: await vault.reader(),
      root: snapshot.root,
      details: snapshot.details,
      target: record.target,
      paths: record.paths,
      overwrite: record.overwrite,
      ...(record.moment && { moment: record.moment }),
      deadline: context.deadline,
      clock: context.clock,
      log: context.log.with({ restore: id, source: record.source }),
    },
  };
}
