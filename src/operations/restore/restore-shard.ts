/** Writes the target, as far as one invocation gets. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import type { OperationContext } from '../context.ts';
import { restoreWith } from '../crew/restore.ts';
import { openRestore, restoreCursorKey } from './record.ts';

export const restoreShardInput = z.object({
  restore: z.string(),
  shard: z.number().int().nonnegative(),
  vault: z.number().int().nonnegative(),
  cursor: z.number().int().nonnegative().optional(),
});

export interface RestoredShard {
  readonly restore: string;
  readonly shard: number;
  readonly vault: number;
  readonly cursor: number;
  readonly done: boolean;
  readonly files: number;
  readonly bytes: number;
}

const cursorSchema = z.object({ state: z.json() });
const problemsSchema = z.array(z.object({ path: z.string(), what: z.string() }));

export async function restoreShard(
  { restore, shard, vault: number, cursor = 0 }: z.infer<typeof restoreShardInput>,
  context: OperationContext,
): Promise<RestoredShard> {
  const open = await openRestore(context, restore, number);
  const key = restoreCursorKey(restore, cursor);
  const before = cursor === 0 ? undefined : await open.vault.objects.read(key, cursorSchema);
  const outcome = await restoreWith(context.crew, open.source, before?.state, open.restore, open.vault);
  const { files, bytes } = outcome.restored;
  if (outcome.done) {
    const problems = problemsSchema.parse(outcome.problems);
    const first = problems[0];
    if (first) {
      fail(
        'ValidationFailed',
        `${problems.length} entries could not be restored as they were, first ${first.path}: ${first.what}`,
        {
          hint: 'Everything else is in the target. Mend the cause (rights, space) and restore again with `overwrite`.',
          context: { restore, problems: problems.slice(0, 20) },
        },
      );
    }
    return { restore, shard, vault: number, cursor, done: true, files, bytes };
  }
  if (before && canonicalJson(before.state) === canonicalJson(outcome.state)) {
    fail('DeadlineExceeded', `a whole invocation of restore ${restore} came no further than the one before`, {
      hint: 'Give the function restore-shard more time or memory.',
      context: { restore, cursor },
    });
  }
  await open.vault.objects.write(restoreCursorKey(restore, cursor + 1), { state: outcome.state });
  return { restore, shard, vault: number, cursor: cursor + 1, done: false, files, bytes };
}
