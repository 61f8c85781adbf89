/**
 * Changes of an instance or cluster. The answer comes at once, the status says `modifying` only some seconds later, and what
 * is not to be applied at once waits for the maintenance window as a pending value: "changes to the DB instance are applied
 * during the next maintenance window" (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html).
 */
import type { Place } from '../place.ts';
import { endpointOf } from '../records/birth.ts';
import type { Cluster } from '../records/cluster.ts';
import type { Instance } from '../records/instance.ts';
import type { Shape } from '../wire/answer.ts';
import { backUpNow } from './backups.ts';
import { clusterStatus, instanceStatus, tellOfInstance } from './statuses.ts';

/** How long an instance still looks as if nothing had been asked of it. */
const notice = 20_000;

export interface InstanceChange {
  readonly values: Partial<Instance>;
  readonly newId?: string;
  /** The names under which clients see them until they are applied. */
  readonly pending: Shape;
}

export function changeInstance(place: Place, instance: Instance, change: InstanceChange, at: Date): void {
  instance.PendingModifiedValues = { ...instance.PendingModifiedValues, ...change.pending };
  place.world.timeline.plan(at.getTime() + notice, (noticed) => {
    if (!isHere(place, instance) || instance.DBInstanceStatus !== 'available') return;
    instanceStatus(place, instance, change.newId === undefined ? 'modifying' : 'renaming', noticed);
    instance.process = place.begin(
      {
        kind: change.newId === undefined ? 'modify' : 'rename',
        subject: instance.DBInstanceIdentifier,
        work: { gibibytes: instance.AllocatedStorage },
        done(when) {
          delete instance.process;
          applyToInstance(place, instance, change, when);
          instanceStatus(place, instance, 'available', when);
          tellOfInstance(place, instance, when, ['0014', 'Finished applying modification', 'configuration change']);
        },
        // The change is not made, and nothing but the pending value tells of it.
        failed(when, status) {
          delete instance.process;
          instanceStatus(place, instance, status ?? 'available', when);
        },
      },
      noticed,
    );
  });
}

const isHere = (place: Place, instance: Instance): boolean =>
  place.instances.get(instance.DBInstanceIdentifier) === instance;

function applyToInstance(place: Place, instance: Instance, change: InstanceChange, at: Date): void {
  const hadBackups = instance.BackupRetentionPeriod > 0;
  Object.assign(instance, change.values);
  instance.PendingModifiedValues = without(instance.PendingModifiedValues, change.pending);
  if (change.newId !== undefined) rename(place, instance, change.newId);
  // "Enabling automated backups": a first one is made at once, and opens the window; turning them off closes it.
  if (!hadBackups && instance.BackupRetentionPeriod > 0) {
    instanceStatus(place, instance, 'available', at);
    backUpNow(place, instance, at);
  }
  if (hadBackups && instance.BackupRetentionPeriod === 0) delete instance.restorableFrom;
}

function without(all: Shape, gone: Shape): Shape {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in gone)));
}

/**
 * The name, the ARN and the endpoint change; `DbiResourceId` does not, and neither do the names in its snapshots:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */
function rename(place: Place, instance: Instance, newId: string): void {
  const oldId = instance.DBInstanceIdentifier;
  place.instances.delete(oldId);
  place.turn('instance', oldId, instance.DBInstanceStatus, `renamed to ${newId}`, place.world.now());
  instance.DBInstanceIdentifier = newId;
  instance.DBInstanceArn = place.arn('db', newId);
  if (instance.data === undefined) {
    instance.Endpoint = { Address: endpointOf(place, newId), Port: instance.DbInstancePort, HostedZoneId: 'Z1' };
  }
  place.instances.set(newId, instance);
  const cluster = place.clusters.get(instance.DBClusterIdentifier ?? '');
  if (cluster !== undefined) {
    cluster.members = cluster.members.map((member) =>
      member.DBInstanceIdentifier === oldId ? { ...member, DBInstanceIdentifier: newId } : member,
    );
  }
}

/** `sun:02:00-sun:02:30`, in UTC. */
export function nextMaintenance(window: string, after: Date): Date {
  const [name = '', hours = '0', minutes = '0'] = (window.split('-')[0] ?? '').split(':');
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  const start = new Date(after);
  start.setUTCHours(Number(hours), Number(minutes), 0, 0);
  while (start <= after || start.getUTCDay() !== days.indexOf(name)) start.setUTCDate(start.getUTCDate() + 1);
  return start;
}

export interface ClusterChange {
  readonly values: Partial<Cluster>;
  readonly newId?: string;
  readonly pending: Shape;
}

export function changeCluster(place: Place, cluster: Cluster, change: ClusterChange, at: Date): void {
  cluster.PendingModifiedValues = { ...cluster.PendingModifiedValues, ...change.pending };
  place.world.timeline.plan(at.getTime() + notice, (noticed) => {
    if (place.clusters.get(cluster.DBClusterIdentifier) !== cluster || cluster.Status !== 'available') return;
    clusterStatus(place, cluster, change.newId === undefined ? 'modifying' : 'renaming', noticed);
    cluster.process = place.begin(
      {
        kind: change.newId === undefined ? 'modify' : 'rename',
        subject: cluster.DBClusterIdentifier,
        work: { gibibytes: cluster.AllocatedStorage },
        done(when) {
          delete cluster.process;
          Object.assign(cluster, change.values);
          cluster.PendingModifiedValues = without(cluster.PendingModifiedValues ?? {}, change.pending);
          if (change.newId !== undefined) renameCluster(place, cluster, change.newId);
          for (const { DBInstanceIdentifier: id } of cluster.members) {
            const member = place.instances.get(id);
            if (member !== undefined) member.VpcSecurityGroups = cluster.VpcSecurityGroups;
          }
          clusterStatus(place, cluster, 'available', when);
        },
        failed(when, status) {
          delete cluster.process;
          clusterStatus(place, cluster, status ?? 'available', when);
        },
      },
      noticed,
    );
  });
}

function renameCluster(place: Place, cluster: Cluster, newId: string): void {
  const oldId = cluster.DBClusterIdentifier;
  place.clusters.delete(oldId);
  place.turn('cluster', oldId, cluster.Status, `renamed to ${newId}`, place.world.now());
  cluster.DBClusterIdentifier = newId;
  cluster.DBClusterArn = place.arn('cluster', newId);
  if (cluster.data === undefined) {
    cluster.Endpoint = endpointOf(place, newId, 'cluster-');
    cluster.ReaderEndpoint = endpointOf(place, newId, 'cluster-ro-');
  }
  place.clusters.set(newId, cluster);
  for (const { DBInstanceIdentifier: id } of cluster.members) {
    const member = place.instances.get(id);
    if (member !== undefined) member.DBClusterIdentifier = newId;
  }
}
