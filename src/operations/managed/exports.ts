/** Exports of a set's snapshots as Parquet, each tracked to its end. They are read by other programs and restore nothing. */
import type * as z from 'zod';
import { snapshotName } from '../../sources/rds/names.ts';
import type { Job } from '../backup/job.ts';
import { type CopyState, type ManagedSource, type managedSchema, nameOf, snapshotsIn } from './managed.ts';

export async function exportsOf(
  { entry, owner, home }: ManagedSource,
  job: Job,
  set: string,
  { databases }: z.infer<typeof managedSchema>,
): Promise<Map<string, CopyState>> {
  const { bucket, prefix, role, key } = entry.export!;
  const states = new Map<string, CopyState>();
  const tasks = await home.exports();
  const originals = await snapshotsIn(home, databases);
  for (const database of databases) {
    // an export's name may never be used twice, and the snapshot's is used once
    const id = snapshotName(owner, job.source, database, set);
    const name = nameOf(database);
    const task = tasks.find((one) => one.id === id);
    const original = originals.find((one) => one.kind === database.kind && one.id === id);
    if (task) {
      const ended = /^(FAILED|CANCELED|CANCELING)$/.test(task.status);
      if (task.status === 'COMPLETE') states.set(name, 'done');
      else if (!ended) states.set(name, `${task.status}${task.progress ? ` ${task.progress} %` : ''}`);
      else {
        states.set(name, {
          name: 'ManagedFailed',
          message: `the export ${id} to ${task.place} is ${task.status}: ${task.failure ?? 'no cause is given'}`,
          hint: 'Look at the export in the RDS console: its role, its key and the bucket. The snapshot itself is good.',
        });
      }
    } else if (original?.status === 'available') {
      await home.startExport({ id, snapshot: original.arn, bucket, prefix, role, key });
      states.set(name, 'started');
    } else {
      states.set(name, {
        name: 'ManagedFailed',
        message: `the snapshot ${id} is ${original?.status ?? 'gone'} before it was exported`,
        hint: 'Look in the RDS console who removed it, and back up again.',
      });
    }
  }
  return states;
}
