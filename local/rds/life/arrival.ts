/**
 * How an instance or a cluster comes up, made or restored: `creating`, then an endpoint, then (with a retention period) its
 * first backup, which opens its window of points in time. A restore may end as `incompatible-restore` or the like:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
 */

import type { Place } from '../place.ts';
import { endpointOf } from '../records/birth.ts';
import type { Cluster } from '../records/cluster.ts';
import type { Instance } from '../records/instance.ts';
import type { ProcessKind } from '../time/durations.ts';
import { backUpClusterDaily, backUpDaily, backUpNow } from './backups.ts';
import { clusterStatus, instanceStatus, tellOfCluster, tellOfInstance } from './statuses.ts';

/** Made or restored: the event that tells of it. */
const born = {
  create: ['0005', 'DB instance created', 'creation'],
  restore: ['0043', 'Restored from snapshot', 'restoration'],
} as const;

export function instanceArrives(place: Place, instance: Instance, kind: 'create' | 'restore', at: Date): void {
  const { DBInstanceIdentifier: id } = instance;
  place.instances.set(id, instance);
  instance.DBInstanceStatus = place.turn('instance', id, undefined, 'creating', at);
  instance.process = place.begin(
    {
      kind,
      subject: id,
      work: { gibibytes: instance.AllocatedStorage },
      async done(when) {
        delete instance.process;
        instance.Endpoint = {
          ...(await serve(place, instance, { address: endpointOf(place, id), port: instance.DbInstancePort })),
          HostedZoneId: 'Z1',
        };
        instanceStatus(place, instance, 'available', when);
        tellOfInstance(place, instance, when, born[kind]);
        if (instance.DBClusterIdentifier !== undefined) return;
        if (instance.BackupRetentionPeriod > 0) backUpNow(place, instance, when);
        backUpDaily(place, instance, when);
      },
      failed(when, status) {
        delete instance.process;
        instanceStatus(place, instance, status ?? failure(kind), when);
      },
    },
    at,
  );
}

export function clusterArrives(place: Place, cluster: Cluster, kind: 'create' | 'restore', at: Date): void {
  const { DBClusterIdentifier: id } = cluster;
  place.clusters.set(id, cluster);
  cluster.Status = place.turn('cluster', id, undefined, 'creating', at);
  cluster.process = place.begin(
    {
      kind,
      subject: id,
      work: { gibibytes: cluster.AllocatedStorage },
      async done(when) {
        delete cluster.process;
        const end = await serve(place, cluster, { address: endpointOf(place, id, 'cluster-'), port: cluster.Port });
        cluster.Endpoint = end.Address;
        cluster.ReaderEndpoint = cluster.data === undefined ? endpointOf(place, id, 'cluster-ro-') : end.Address;
        cluster.Port = end.Port;
        cluster.restorableFrom = when;
        clusterStatus(place, cluster, 'available', when);
        tellOfCluster(place, cluster, when, ['0170', 'DB cluster created', 'creation']);
        backUpClusterDaily(place, cluster, when);
      },
      failed(when, status) {
        delete cluster.process;
        clusterStatus(place, cluster, status ?? failure(kind), when);
      },
    },
    at,
  );
}

const failure = (kind: ProcessKind): string => (kind === 'restore' ? 'incompatible-restore' : 'failed');

/** With real data there is a real server, and the endpoint is where it listens. */
async function serve(
  place: Place,
  record: { readonly data?: string },
  otherwise: { address: string; port: number },
): Promise<{ Address: string; Port: number }> {
  const { dataPlane } = place.world;
  const { address, port } =
    record.data === undefined || dataPlane === undefined ? otherwise : await dataPlane.start(record.data);
  return { Address: address, Port: port };
}
