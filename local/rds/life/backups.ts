/**
 * What RDS does by itself: an automated snapshot in each day's backup window, kept for the retention period.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
 */
import type { Place } from '../place.ts';
import type { Cluster } from '../records/cluster.ts';
import { type Instance, snapshotStatuses } from '../records/instance.ts';
import type { Snapshot } from '../records/snapshot.ts';
import { discard } from './data.ts';
import { snapshotCluster, snapshotInstance } from './snapshots.ts';
import { snapshotStatus, tellOfInstance } from './statuses.ts';

const day = 86_400_000;

/** The next time of day (`05:12-05:42`, UTC) after `after`. */
function nextWindow(window: string, after: Date): Date {
  const [hours = 0, minutes = 0] = window.slice(0, 5).split(':').map(Number);
  const start = new Date(after).setUTCHours(hours, minutes, 0, 0);
  return new Date(start > after.getTime() ? start : start + day);
}

/** "rds:mydbinstance-2026-11-24-05-12" */
function automatedName(source: string, at: Date): string {
  return `rds:${source}-${at.toISOString().slice(0, 16).replace(/[T:]/g, '-')}`;
}

/**
 * "Automated backups occur daily during the preferred backup window"; they need an instance that runs: "your DB instance must
 * be in the available state for automated backups to occur". The members of a cluster have none of their own.
 */
export function backUpDaily(place: Place, instance: Instance, from: Date): void {
  if (instance.DBClusterIdentifier !== undefined) return;
  place.world.timeline.plan(nextWindow(instance.PreferredBackupWindow, from), (at) => {
    if (place.instances.get(instance.DBInstanceIdentifier) !== instance) return;
    backUpDaily(place, instance, at);
    if (instance.BackupRetentionPeriod === 0 || !snapshotStatuses.includes(instance.DBInstanceStatus)) return;
    backUpNow(place, instance, at);
    expire(place, 'instance', instance.DbiResourceId, instance.BackupRetentionPeriod, at);
  });
}

/** The first one, which opens the window of points in time, is made as soon as backups are on. */
export function backUpNow(place: Place, instance: Instance, at: Date): void {
  const id = automatedName(instance.DBInstanceIdentifier, at);
  if (place.snapshots.instance.has(id)) return;
  tellOfInstance(place, instance, at, ['0001', 'Backing up DB instance', 'backup']);
  snapshotInstance(place, instance, {
    id,
    type: 'automated',
    tags: instance.CopyTagsToSnapshot ? instance.TagList.filter(({ Key }) => !Key.startsWith('aws:')) : [],
    at,
    done(snapshot, when) {
      instance.restorableFrom ??= snapshot.SnapshotCreateTime ?? when;
      tellOfInstance(place, instance, when, ['0002', 'Finished DB Instance backup', 'backup']);
    },
  });
}

export function backUpClusterDaily(place: Place, cluster: Cluster, from: Date): void {
  place.world.timeline.plan(nextWindow(cluster.PreferredBackupWindow, from), (at) => {
    if (place.clusters.get(cluster.DBClusterIdentifier) !== cluster) return;
    backUpClusterDaily(place, cluster, at);
    const id = automatedName(cluster.DBClusterIdentifier, at);
    if (cluster.Status !== 'available' || place.snapshots.cluster.has(id)) return;
    snapshotCluster(place, cluster, { id, type: 'automated', tags: [], at });
    expire(place, 'cluster', cluster.DbClusterResourceId, cluster.BackupRetentionPeriod, at);
  });
}

/** Automated snapshots older than the period go (each was stamped some minutes into its window); the resource id tells them apart from those of a namesake. */
function expire(place: Place, kind: 'instance' | 'cluster', resourceId: string, days: number, at: Date): void {
  for (const snapshot of place.snapshots[kind].values()) {
    if (snapshot.SnapshotType !== 'automated' || snapshot.resourceId !== resourceId) continue;
    const made = snapshot.SnapshotCreateTime;
    if (made !== undefined && made.getTime() < at.getTime() - (days - 0.5) * day) remove(place, snapshot, at);
  }
}

export function remove(place: Place, snapshot: Snapshot, at: Date): void {
  snapshotStatus(place, snapshot, 'deleted', at);
  place.snapshots[snapshot.of.kind].delete(snapshot.id);
  discard(place.world, snapshot, at);
}
