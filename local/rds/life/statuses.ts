/** Every change of a status goes through here, so that there is a note of it. */
import type { Place } from '../place.ts';
import type { Cluster } from '../records/cluster.ts';
import type { Instance } from '../records/instance.ts';
import type { Snapshot } from '../records/snapshot.ts';

export function instanceStatus(place: Place, instance: Instance, to: string, at: Date): void {
  const { DBInstanceIdentifier: id, DBInstanceStatus: from } = instance;
  instance.DBInstanceStatus = place.turn('instance', id, from, to, at);
}

export function clusterStatus(place: Place, cluster: Cluster, to: string, at: Date): void {
  cluster.Status = place.turn('cluster', cluster.DBClusterIdentifier, cluster.Status, to, at);
}

export function snapshotStatus(place: Place, snapshot: Snapshot, to: string, at: Date): void {
  snapshot.Status = place.turn(snapshot.of.arnKind, snapshot.id, snapshot.Status, to, at);
}

/** Ids of events: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html. None tells of a snapshot that failed. */
export function tellOfSnapshot(
  place: Place,
  snapshot: Snapshot,
  at: Date,
  [id, message, category]: readonly [string, string, string],
): void {
  place.tell({
    SourceIdentifier: snapshot.id,
    SourceType: snapshot.of.eventType,
    Message: message,
    EventCategories: [category],
    Date: at,
    SourceArn: snapshot.arn,
    id: `RDS-EVENT-${id}`,
  });
}

export function tellOfInstance(
  place: Place,
  instance: Instance,
  at: Date,
  [id, message, category]: readonly [string, string, string],
): void {
  place.tell({
    SourceIdentifier: instance.DBInstanceIdentifier,
    SourceType: 'db-instance',
    Message: message,
    EventCategories: [category],
    Date: at,
    SourceArn: instance.DBInstanceArn,
    id: `RDS-EVENT-${id}`,
  });
}

export function tellOfCluster(
  place: Place,
  cluster: Cluster,
  at: Date,
  [id, message, category]: readonly [string, string, string],
): void {
  place.tell({
    SourceIdentifier: cluster.DBClusterIdentifier,
    SourceType: 'db-cluster',
    Message: message,
    EventCategories: [category],
    Date: at,
    SourceArn: cluster.DBClusterArn,
    id: `RDS-EVENT-${id}`,
  });
}
