/**
 * Copies of snapshots under way. "Copies for the same source DB" wait for each other, a copy builds on its predecessor in the
 * same place only while that is there and has the same key, and a source that goes takes the copy with it. All from
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
 */
import type { Place } from '../place.ts';
import type { Snapshot } from '../records/snapshot.ts';
import { settle } from './snapshots.ts';
import { snapshotStatus, tellOfSnapshot } from './statuses.ts';

export const isCopying = ({ Status }: Snapshot): boolean => Status === 'copying';

/** Takes its place in the queue; a queued copy reports no progress. */
export function beginCopy(place: Place, copy: Snapshot, at: Date): void {
  place.snapshots[copy.of.kind].set(copy.id, copy);
  snapshotStatus(place, copy, 'copying', at);
  tellOfSnapshot(place, copy, at, [
    copy.copyOf === undefined ? '0196' : '0059',
    'Started copying snapshot',
    'notification',
  ]);
  startNext(place, copy, at);
}

/** In order of their coming, which is the order of the map. */
export function startNext(place: Place, like: Snapshot, at: Date): void {
  const queue = [...place.snapshots[like.of.kind].values()].filter(
    (one) => isCopying(one) && one.resourceId === like.resourceId,
  );
  if (queue.some(({ process }) => process !== undefined)) return;
  const [next] = queue;
  if (next !== undefined) start(place, next, at);
}

function start(place: Place, copy: Snapshot, at: Date): void {
  const predecessor = place.newestCopies.get(copy.resourceId);
  const incremental =
    copy.copyOf !== undefined &&
    copy.ofOriginal === true &&
    predecessor !== undefined &&
    predecessor.KmsKeyId === copy.KmsKeyId &&
    place.snapshots[copy.of.kind].get(predecessor.id) === predecessor;
  copy.transfer = incremental ? 'incremental' : 'full';
  copy.process = place.begin(
    {
      kind: 'copy',
      subject: copy.id,
      work: { gibibytes: copy.AllocatedStorage, incremental },
      done(when) {
        settle(copy, when, 100);
        copy.SnapshotCreateTime ??= when;
        snapshotStatus(place, copy, 'available', when);
        if (copy.copyOf !== undefined) place.newestCopies.set(copy.resourceId, copy);
        const id = copy.copyOf === undefined ? '0197' : '0060';
        tellOfSnapshot(place, copy, when, [id, 'Finished copying snapshot', 'notification']);
        startNext(place, copy, when);
      },
      failed: (when, status) => fail(place, copy, status ?? 'failed', when),
    },
    at,
  );
  const { until } = copy.process;
  if (until !== undefined) {
    place.world.timeline.plan(at.getTime() + (until.getTime() - at.getTime()) / 3, (when) => {
      copy.SnapshotCreateTime ??= when;
    });
  }
}

function fail(place: Place, copy: Snapshot, status: string, at: Date): void {
  copy.process?.cancel();
  settle(copy, at);
  snapshotStatus(place, copy, status, at);
  startNext(place, copy, at);
}

/** A copy that is called off makes room for the next. */
export function abandonCopy(place: Place, copy: Snapshot, at: Date): void {
  copy.process?.cancel();
  settle(copy, at);
  const id = copy.copyOf === undefined ? '0190' : '0061';
  tellOfSnapshot(place, copy, at, [id, 'Cancelled copying snapshot', 'notification']);
}

/** "Don't delete the source snapshot until the copy is available": what is under way fails. */
export function failCopiesOf(place: Place, source: Snapshot, at: Date): void {
  for (const other of place.places.all()) {
    for (const copy of other.snapshots[source.of.kind].values()) {
      if (isCopying(copy) && copy.madeFrom === source.arn) fail(other, copy, 'failed', at);
    }
  }
}
