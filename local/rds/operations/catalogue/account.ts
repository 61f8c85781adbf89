/** Quotas and how much of them is used: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html */
import type { Operations } from '../../operation.ts';

export const accountOperations: Operations = {
  DescribeAccountAttributes: {
    takes: [],
    perform({ place }) {
      const { quotas } = place.world;
      const manual = (kind: 'instance' | 'cluster') =>
        [...place.snapshots[kind].values()].filter(({ SnapshotType }) => SnapshotType === 'manual').length;
      const instances = [...place.instances.values()];
      const rows: [string, number, number][] = [
        ['DBInstances', instances.length, quotas.instances],
        ['AllocatedStorage', instances.reduce((sum, { AllocatedStorage }) => sum + AllocatedStorage, 0), 100_000],
        ['DBClusters', place.clusters.size, quotas.clusters],
        ['ManualSnapshots', manual('instance'), quotas.manualSnapshots],
        ['ManualClusterSnapshots', manual('cluster'), quotas.manualClusterSnapshots],
        ['DBParameterGroups', place.parameterGroups.instance.size, 50],
        ['DBClusterParameterGroups', place.parameterGroups.cluster.size, 50],
        ['OptionGroups', place.optionGroups.size, 20],
        ['DBSubnetGroups', place.subnetGroups.size, 50],
      ];
      return { AccountQuotas: rows.map(([AccountQuotaName, Used, Max]) => ({ AccountQuotaName, Used, Max })) };
    },
  },
};
