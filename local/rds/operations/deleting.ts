/** The end of instances and clusters: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html */
import { remove } from '../life/backups.ts';
import { discard } from '../life/data.ts';
import { retain, retainBackups } from '../life/replication.ts';
import { snapshotCluster, snapshotInstance } from '../life/snapshots.ts';
import { clusterStatus, instanceStatus, tellOfCluster, tellOfInstance } from '../life/statuses.ts';
import { identifier } from '../names.ts';
import type { Call, Operations } from '../operation.ts';
import type { Place } from '../place.ts';
import { type Cluster, showCluster } from '../records/cluster.ts';
import { type Instance, showInstance } from '../records/instance.ts';
import { type SnapshotKind, snapshotKinds } from '../records/snapshot.ts';
import { invalidCombination, refuse } from '../wire/refusal.ts';
import { findCluster, findInstance } from './instances.ts';
import { alreadyExists, requireRoom } from './snapshots.ts';

const parameters = ['SkipFinalSnapshot', 'FinalDBSnapshotIdentifier', 'DeleteAutomatedBackups'];

export const deletingOperations: Operations = {
  DeleteDBInstance: {
    takes: ['DBInstanceIdentifier', ...parameters],
    perform(call) {
      const { input, place, now } = call;
      const instance = findInstance(place, input.required('DBInstanceIdentifier'));
      const { DBInstanceIdentifier: id, DBInstanceStatus: status } = instance;
      if (status === 'deleting') refuse('InvalidDBInstanceState', `Instance ${id} is already being deleted.`);
      if (instance.DeletionProtection) {
        invalidCombination('Cannot delete protected DB Instance, please disable deletion protection and try again.');
      }
      const isMember = instance.DBClusterIdentifier !== undefined;
      // A final snapshot of a member is the cluster's matter.
      const finalId = isMember ? undefined : finalSnapshot(call, snapshotKinds.instance);
      const keep = input.flag('DeleteAutomatedBackups') === false;
      // "When a DB instance is in a failure state ... RDS can delete the instance only if you enable this parameter": SkipFinalSnapshot.
      if (finalId !== undefined && status !== 'available') {
        refuse(
          'InvalidDBInstanceState',
          `Cannot create a snapshot because the database instance ${id} is not currently in the available state.`,
        );
      }
      if (finalId === undefined) goInstance(place, instance, keep, now);
      else {
        const done = (_: unknown, at: Date): void => goInstance(place, instance, keep, at);
        snapshotInstance(place, instance, { id: finalId, type: 'manual', tags: [], at: now, done });
        instanceStatus(place, instance, 'deleting', now);
      }
      return { DBInstance: showInstance(instance, now) };
    },
  },
  DeleteDBCluster: {
    takes: ['DBClusterIdentifier', ...parameters],
    perform(call) {
      const { input, place, now } = call;
      const cluster = findCluster(place, input.required('DBClusterIdentifier'));
      if (cluster.Status === 'deleting') refuse('InvalidDBClusterStateFault', 'The cluster is already being deleted.');
      if (cluster.DeletionProtection) {
        invalidCombination('Cannot delete protected Cluster, please disable deletion protection and try again.');
      }
      const living = cluster.members.filter(
        (member) => place.instances.get(member.DBInstanceIdentifier)?.DBInstanceStatus !== 'deleting',
      );
      if (living.length > 0) {
        refuse(
          'InvalidDBClusterStateFault',
          'Cluster cannot be deleted, it still contains DB instances in non-deleting state.',
        );
      }
      const finalId = finalSnapshot(call, snapshotKinds.cluster);
      if (finalId === undefined) goCluster(place, cluster, now);
      else {
        const done = (_: unknown, at: Date): void => goCluster(place, cluster, at);
        snapshotCluster(place, cluster, { id: finalId, type: 'manual', tags: [], at: now, done });
        clusterStatus(place, cluster, 'deleting', now);
      }
      return { DBCluster: showCluster(cluster, now) };
    },
  },
};

/** Undefined when there is to be none. */
function finalSnapshot({ input, place }: Call, of: SnapshotKind): string | undefined {
  const skip = input.flag('SkipFinalSnapshot') ?? false;
  const text = input.text('FinalDBSnapshotIdentifier');
  if (skip && text !== undefined) {
    invalidCombination('FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.');
  }
  if (skip) return undefined;
  if (text === undefined)
    invalidCombination('FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.');
  const id = identifier('FinalDBSnapshotIdentifier', text, of.longest);
  if (place.snapshots[of.kind].has(id)) alreadyExists(of, id);
  requireRoom(place, of);
  return id;
}

function goInstance(place: Place, instance: Instance, keepBackups: boolean, at: Date): void {
  instance.process?.cancel();
  instance.endedAt ??= at;
  instanceStatus(place, instance, 'deleting', at);
  instance.process = place.begin(
    {
      kind: 'delete',
      subject: instance.DBInstanceIdentifier,
      work: { gibibytes: instance.AllocatedStorage },
      done: (when) => endInstance(place, instance, keepBackups, when),
      failed(when, status) {
        delete instance.process;
        delete instance.endedAt;
        instanceStatus(place, instance, status ?? 'available', when);
      },
    },
    at,
  );
}

/** "All automated backups are deleted and can't be recovered", unless they are to be retained; what another region has, stays there. */
function endInstance(place: Place, instance: Instance, keepBackups: boolean, at: Date): void {
  for (const other of place.places.all()) {
    for (const backup of [...other.automatedBackups.values()]) {
      if (backup.resourceId === instance.DbiResourceId && backup.status !== 'retained') retain(other, backup, at);
    }
  }
  if (keepBackups) retainBackups(place, instance, at);
  else {
    for (const snapshot of [...place.snapshots.instance.values()]) {
      if (snapshot.SnapshotType === 'automated' && snapshot.resourceId === instance.DbiResourceId)
        remove(place, snapshot, at);
    }
  }
  place.instances.delete(instance.DBInstanceIdentifier);
  instanceStatus(place, instance, 'deleted', at);
  tellOfInstance(place, instance, at, ['0003', 'DB instance deleted', 'deletion']);
  discard(place.world, instance, at);
  const cluster = place.clusters.get(instance.DBClusterIdentifier ?? '');
  if (cluster === undefined) return;
  cluster.members = cluster.members.filter((member) => member.DBInstanceIdentifier !== instance.DBInstanceIdentifier);
  const [first] = cluster.members;
  if (first !== undefined && cluster.members.every(({ IsClusterWriter }) => !IsClusterWriter))
    first.IsClusterWriter = true;
}

function goCluster(place: Place, cluster: Cluster, at: Date): void {
  cluster.process?.cancel();
  clusterStatus(place, cluster, 'deleting', at);
  cluster.process = place.begin(
    {
      kind: 'delete',
      subject: cluster.DBClusterIdentifier,
      work: { gibibytes: cluster.AllocatedStorage },
      done(when) {
        for (const snapshot of [...place.snapshots.cluster.values()]) {
          if (snapshot.SnapshotType === 'automated' && snapshot.resourceId === cluster.DbClusterResourceId)
            remove(place, snapshot, when);
        }
        place.clusters.delete(cluster.DBClusterIdentifier);
        clusterStatus(place, cluster, 'deleted', when);
        tellOfCluster(place, cluster, when, ['0171', 'DB cluster deleted', 'deletion']);
        discard(place.world, cluster, when);
      },
      failed(when, status) {
        delete cluster.process;
        clusterStatus(place, cluster, status ?? 'available', when);
      },
    },
    at,
  );
}
