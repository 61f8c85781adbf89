/** Changes of instances and clusters: what is applied as soon as possible, what at once, and what in the maintenance window. */
import { changeCluster, changeInstance, nextMaintenance } from '../life/changes.ts';
import { instanceStatus } from '../life/statuses.ts';
import { identifier } from '../names.ts';
import type { Call, Operations } from '../operation.ts';
import { showCluster } from '../records/cluster.ts';
import { type Instance, showInstance } from '../records/instance.ts';
import type { Shape, Value } from '../wire/answer.ts';
import { invalidCombination, refuse } from '../wire/refusal.ts';
import { isOffered } from './catalogue/engines.ts';
import { findCluster, findInstance } from './instances.ts';
import { clusterParameters, instanceParameters, requestedCluster, requestedInstance } from './requested.ts';

/**
 * What waits for `ApplyImmediately` or the window; the rest is applied as soon as possible:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html#USER_ModifyInstance.Settings
 */
const waits = new Set<string>([
  ...['DBInstanceClass', 'AllocatedStorage', 'EngineVersion', 'MultiAZ', 'StorageType', 'Iops', 'StorageThroughput'],
  ...[
    'OptionGroupMemberships',
    'DBSubnetGroup',
    'IAMDatabaseAuthenticationEnabled',
    'DbInstancePort',
    'DBInstanceIdentifier',
  ],
]);

export const changingOperations: Operations = {
  ModifyDBInstance: {
    takes: [
      ...['DBInstanceIdentifier', 'NewDBInstanceIdentifier', 'ApplyImmediately', 'EngineVersion', 'DBPortNumber'],
      ...['AllowMajorVersionUpgrade', 'MasterUserPassword', 'PreferredMaintenanceWindow', 'MonitoringInterval'],
      ...['MonitoringRoleArn', 'PromotionTier', 'EnablePerformanceInsights', 'PerformanceInsightsKMSKeyId'],
      ...['PerformanceInsightsRetentionPeriod', 'ManageMasterUserPassword', ...instanceParameters],
    ],
    perform(call) {
      const { input, place, now } = call;
      const instance = findInstance(place, input.required('DBInstanceIdentifier'));
      if (!['available', 'storage-optimization', 'incompatible-parameters'].includes(instance.DBInstanceStatus)) {
        refuse('InvalidDBInstanceState', `Database instance is not in available state.`);
      }
      const engine = { Engine: instance.Engine, EngineVersion: input.text('EngineVersion') ?? instance.EngineVersion };
      if (!isOffered(place, engine.Engine, engine.EngineVersion)) {
        invalidCombination(`Cannot find version ${engine.EngineVersion} for ${engine.Engine}`);
      }
      requireOwnSettings(call, instance);
      const asked = {
        ...requestedInstance(call, engine, instance),
        ...(input.has('EngineVersion') ? { EngineVersion: engine.EngineVersion } : {}),
        ...(input.has('DBPortNumber') ? { DbInstancePort: input.whole('DBPortNumber') ?? 0 } : {}),
        ...(input.has('MonitoringInterval') ? { MonitoringInterval: input.whole('MonitoringInterval') ?? 0 } : {}),
        ...(input.has('MonitoringRoleArn') ? { MonitoringRoleArn: input.required('MonitoringRoleArn') } : {}),
        ...(input.has('PromotionTier') ? { PromotionTier: input.whole('PromotionTier') ?? 1 } : {}),
        ...(input.has('PreferredMaintenanceWindow')
          ? { PreferredMaintenanceWindow: input.required('PreferredMaintenanceWindow') }
          : {}),
        ...(input.has('EnablePerformanceInsights')
          ? { PerformanceInsightsEnabled: input.flag('EnablePerformanceInsights') ?? false }
          : {}),
      };
      const newId = newName(call, 'NewDBInstanceIdentifier');
      if (newId !== undefined && newId !== instance.DBInstanceIdentifier && place.instances.has(newId)) {
        refuse('DBInstanceAlreadyExists', 'DB instance already exists');
      }
      apply(call, instance, asked, newId);
      return { DBInstance: showInstance(instance, now) };
    },
  },
  ModifyDBCluster: {
    takes: [
      ...['DBClusterIdentifier', 'NewDBClusterIdentifier', 'ApplyImmediately', 'EngineVersion', 'MasterUserPassword'],
      ...['PreferredMaintenanceWindow', ...clusterParameters],
    ],
    perform(call) {
      const { input, place, now } = call;
      const cluster = findCluster(place, input.required('DBClusterIdentifier'));
      if (cluster.Status !== 'available') {
        refuse('InvalidDBClusterStateFault', `The cluster is not in the available state: ${cluster.Status}`);
      }
      const values = requestedCluster(call, cluster, cluster);
      const newId = newName(call, 'NewDBClusterIdentifier');
      if (newId !== undefined && place.clusters.has(newId))
        refuse('DBClusterAlreadyExistsFault', 'DB Cluster already exists');
      const pending: Shape = newId === undefined ? {} : { DBClusterIdentifier: newId };
      const change = { values, pending, ...(newId === undefined ? {} : { newId }) };
      if (input.flag('ApplyImmediately') || newId === undefined) changeCluster(place, cluster, change, now);
      else {
        cluster.PendingModifiedValues = pending;
        place.world.timeline.plan(nextMaintenance(cluster.PreferredMaintenanceWindow, now), (at) =>
          changeCluster(place, cluster, change, at),
        );
      }
      return { DBCluster: showCluster(cluster, now) };
    },
  },
  // What a parameter group changes that wants a restart: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html
  RebootDBInstance: {
    takes: ['DBInstanceIdentifier', 'ForceFailover'],
    perform({ input, place, now }) {
      const instance = findInstance(place, input.required('DBInstanceIdentifier'));
      if (instance.DBInstanceStatus !== 'available') {
        refuse('InvalidDBInstanceState', `Database instance is not in available state.`);
      }
      instanceStatus(place, instance, 'rebooting', now);
      instance.process = place.begin({
        kind: 'reboot',
        subject: instance.DBInstanceIdentifier,
        work: { gibibytes: instance.AllocatedStorage },
        done(at) {
          delete instance.process;
          instance.DBParameterGroups = instance.DBParameterGroups.map((group) => ({
            ...group,
            ParameterApplyStatus: 'in-sync',
          }));
          instanceStatus(place, instance, 'available', at);
        },
        failed(at, status) {
          delete instance.process;
          instanceStatus(place, instance, status ?? 'incompatible-parameters', at);
        },
      });
      return { DBInstance: showInstance(instance, now) };
    },
  },
};

function apply(call: Call, instance: Instance, asked: Partial<Instance>, newId: string | undefined): void {
  const { input, place, now } = call;
  const all = new Map<string, Value>(Object.entries(asked) as [string, Value][]);
  const toggled =
    asked.BackupRetentionPeriod !== undefined &&
    (asked.BackupRetentionPeriod === 0) !== (instance.BackupRetentionPeriod === 0);
  const isLater = (name: string): boolean => waits.has(name) || (name === 'BackupRetentionPeriod' && toggled);
  // "The parameter group name itself is changed immediately, but the actual parameter changes are not applied until you reboot."
  if (asked.DBParameterGroups !== undefined) {
    all.set(
      'DBParameterGroups',
      asked.DBParameterGroups.map((group) => ({ ...group, ParameterApplyStatus: 'pending-reboot' })),
    );
  }
  // Applied at once, with no change of the status.
  if (asked.DeletionProtection !== undefined) instance.DeletionProtection = asked.DeletionProtection;
  all.delete('DeletionProtection');
  const pick = (wanted: boolean): Partial<Instance> =>
    Object.fromEntries([...all].filter(([name]) => isLater(name) === wanted)) as Partial<Instance>;
  const [soon, later] = [pick(false), pick(true)];
  const renamed = newId === undefined ? {} : { newId };
  const pending = { ...pendingNames(later), ...(newId === undefined ? {} : { DBInstanceIdentifier: newId }) };
  if (input.flag('ApplyImmediately')) {
    if (all.size > 0 || newId !== undefined)
      changeInstance(place, instance, { values: { ...soon, ...later }, pending, ...renamed }, now);
    return;
  }
  if (Object.keys(soon).length > 0) changeInstance(place, instance, { values: soon, pending: {} }, now);
  if (Object.keys(pending).length === 0) return;
  instance.PendingModifiedValues = { ...instance.PendingModifiedValues, ...pending };
  place.world.timeline.plan(nextMaintenance(instance.PreferredMaintenanceWindow, now), (at) =>
    changeInstance(place, instance, { values: later, pending, ...renamed }, at),
  );
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PendingModifiedValues.html */
function pendingNames({ OptionGroupMemberships: _, DBSubnetGroup, DbInstancePort, ...rest }: Partial<Instance>): Shape {
  return {
    ...(rest as Shape),
    ...(DBSubnetGroup === undefined ? {} : { DBSubnetGroupName: DBSubnetGroup.DBSubnetGroupName }),
    ...(DbInstancePort === undefined ? {} : { Port: DbInstancePort }),
  };
}

function newName({ input }: Call, parameter: string): string | undefined {
  const text = input.text(parameter);
  return text === undefined ? undefined : identifier(parameter, text);
}

/** In words: https://github.com/cloud-custodian/cloud-custodian/issues/178 */
function requireOwnSettings({ input }: Call, instance: Instance): void {
  if (instance.DBClusterIdentifier === undefined) return;
  const said = ['BackupRetentionPeriod', 'VpcSecurityGroupIds', 'DeletionProtection'].find((name) => input.has(name));
  if (said === undefined) return;
  invalidCombination(
    `The specified DB Instance is a member of a cluster and its ${said} should not be modified directly. Instead, modify the cluster using the ModifyDbCluster API`,
  );
}
