/** Compares what was restored with the snapshot, by content. */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';
import type { OperationContext } from '../context.ts';
import { validateWith } from '../crew/restore.ts';
import { openRestore, restoreSchema } from './record.ts';

export const validateRestoreInput = z.object({
  restore: restoreSchema,
  /** By a drill: the target may be used up. */
  rehearsal: z.boolean().optional(),
});

export interface ValidatedRestore {
  readonly checked: Readonly<Record<string, number>>;
  readonly problems: number;
  /** The first of them. */
  readonly first?: string;
}

const problemsKept = 1000;

export async function validateRestore(
  { restore, rehearsal = false }: z.infer<typeof validateRestoreInput>,
  context: OperationContext,
): Promise<ValidatedRestore> {
  const open = await openRestore(context, restore.id, restore.vault);
  const { checked, problems } = await validateWith(
    context.crew,
    open.source,
    { ...open.restore, rehearsal },
    open.vault,
  );
  await open.vault.objects.write(layout.work(restore.id, 'validation'), {
    checked,
    problems: problems.slice(0, problemsKept),
  });
  const whole = open.record.paths.length === 0;
  if (problems.length === 0 && whole) {
    const time = context.clock.now().toISOString();
    await open.vault.snapshots.recordTrust(restore.snapshot, { level: 'restored', time, by: restore.id });
  }
  const first = problems[0];
  return { checked, problems: problems.length, ...(first && { first: `${first.path}: ${first.what}` }) };
}
