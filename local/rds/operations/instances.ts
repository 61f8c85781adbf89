/** Instances listed: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html */
import { parseArn } from '../names.ts';
import type { Operations } from '../operation.ts';
import { filtered, page, pageParameters } from '../pages.ts';
import type { Place } from '../place.ts';
import { type Cluster, showCluster } from '../records/cluster.ts';
import { type Instance, showInstance } from '../records/instance.ts';
import { refuse } from '../wire/refusal.ts';

export const listOperations: Operations = {
  DescribeDBInstances: {
    takes: ['DBInstanceIdentifier', ...pageParameters],
    perform({ input, place, now, paging }) {
      const id = input.text('DBInstanceIdentifier');
      const all = id === undefined ? [...place.instances.values()] : [findInstance(place, id)];
      const left = filtered(all, input.filters(), {
        'db-instance-id': ({ DBInstanceIdentifier, DBInstanceArn }) => [DBInstanceIdentifier, DBInstanceArn],
        'db-cluster-id': ({ DBClusterIdentifier: cluster }) => [cluster, cluster && place.arn('cluster', cluster)],
        'dbi-resource-id': ({ DbiResourceId }) => [DbiResourceId],
        engine: ({ Engine }) => [Engine],
        domain: () => [],
      });
      const list = left.map((instance) => ({
        key: instance.DBInstanceIdentifier,
        show: () => showInstance(instance, now),
      }));
      return page('DBInstances', list, input, paging);
    },
  },
  DescribeDBClusters: {
    takes: ['DBClusterIdentifier', 'IncludeShared', ...pageParameters],
    perform({ input, place, now, paging }) {
      const id = input.text('DBClusterIdentifier');
      const all = id === undefined ? [...place.clusters.values()] : [findCluster(place, id)];
      const left = filtered(all, input.filters(), {
        'db-cluster-id': ({ DBClusterIdentifier, DBClusterArn }) => [DBClusterIdentifier, DBClusterArn],
        'db-cluster-resource-id': ({ DbClusterResourceId }) => [DbClusterResourceId],
        engine: ({ Engine }) => [Engine],
        'clone-group-id': () => [],
        domain: () => [],
      });
      const list = left.map((cluster) => ({ key: cluster.DBClusterIdentifier, show: () => showCluster(cluster, now) }));
      return page('DBClusters', list, input, paging);
    },
  },
};

/** By name, or by ARN of this region and account. */
export function findInstance(place: Place, text: string): Instance {
  const arn = parseArn(text);
  const name =
    arn === undefined ? text.toLowerCase() : arn.region === place.region && arn.kind === 'db' ? arn.name : '';
  return place.instances.get(name) ?? refuse('DBInstanceNotFound', `DBInstance ${text} not found.`);
}

export function findCluster(place: Place, text: string): Cluster {
  const arn = parseArn(text);
  const name =
    arn === undefined ? text.toLowerCase() : arn.region === place.region && arn.kind === 'cluster' ? arn.name : '';
  return place.clusters.get(name) ?? refuse('DBClusterNotFoundFault', `DBCluster ${text} not found.`);
}
