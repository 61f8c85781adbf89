/**
 * Chooses what to rehearse: the newest snapshot of every source, from one vault after the other from drill to drill, as a
 * replica that was never restored from is only hoped to be one.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import type { OperationContext } from '../context.ts';

export const planDrillInput = z.strictObject({
  sources: z.array(z.string()).optional(),
  /** The vault to restore from; by default they take turns by the week. */
  vault: z.number().int().nonnegative().optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});

export interface PlannedDrill {
  readonly drill: string;
  readonly items: readonly {
    readonly drill: string;
    readonly source: string;
    readonly vault: number;
    readonly target: string;
  }[];
}

const week = 7 * 24 * 60 * 60 * 1000;

export async function planDrill(
  { sources, vault, execution, started }: z.infer<typeof planDrillInput>,
  context: OperationContext,
): Promise<PlannedDrill> {
  const time = new Date(started);
  const drill = runId(time, 'drill', execution);
  const number = vault ?? Math.floor(time.getTime() / week) % context.vaults.count;
  const there = new Set((await (await context.vaults.open(number)).snapshots.list()).map(({ source }) => source));
  for (const source of sources ?? []) {
    if (context.plan.sources.some(({ id, kind }) => id === source && kind === 'rds')) {
      fail('InputInvalid', `${source} is of kind rds, whose restores are not rehearsed by this version`, {
        hint: 'Restore it by hand into a new instance from the RDS console, and look at it there.',
      });
    }
    if (there.has(source)) continue;
    fail('SourceUnknown', `${context.vaults.place(number)} has no snapshot of ${JSON.stringify(source)} to rehearse`, {
      hint: `It has some of: ${[...there].join(', ') || 'nothing yet'}.`,
    });
  }
  // what the plan names and this vault lacks is rehearsed too, and fails: a replica without it must not pass
  // of what AWS keeps only the context is here: to bring that back would not be a rehearsal of the database
  const rehearsed = context.plan.sources.filter(({ kind }) => kind !== 'rds').map(({ id }) => id);
  const wanted = sources ?? [...new Set(rehearsed)];
  return {
    drill,
    items: wanted.map((source) => ({ drill, source, vault: number, target: join(context.scratch, drill, source) })),
  };
}
