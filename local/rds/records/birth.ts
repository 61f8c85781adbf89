/**
 * What a new instance or cluster is when nobody says otherwise: the default parameter group, option group, subnet group and
 * security group. A restore gets these too, which is what surprises people ("the default DB security group is applied",
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html).
 */
import type { Place } from '../place.ts';
import type { Cluster } from './cluster.ts';
import { isAurora } from './cluster.ts';
import type { Instance } from './instance.ts';

/** `postgres16`, `aurora-postgresql16`, `mysql8.0`, as parameter groups name their families. */
export function familyOf(engine: string, version: string): string {
  return `${engine}${majorOf(engine, version)}`;
}

/** PostgreSQL counts majors in one number, others in two. */
export function majorOf(engine: string, version: string): string {
  const [first = '', second = '0'] = version.split('.');
  return engine.includes('postgres') ? first : `${first}.${second}`;
}

export const portOf = (engine: string): number => (engine.includes('postgres') ? 5432 : 3306);

export const licenseOf = (engine: string): string =>
  engine.includes('postgres') ? 'postgresql-license' : 'general-public-license';

export type GivenInstance = Partial<Instance> & { readonly DBInstanceIdentifier: string };
export type GivenCluster = Partial<Cluster> & { readonly DBClusterIdentifier: string };

export function newInstance(place: Place, given: GivenInstance, at: Date): Instance {
  const { world } = place;
  const engine = given.Engine ?? 'postgres';
  const version = given.EngineVersion ?? '16.4';
  const group = place.subnetGroups.get('default');
  if (group === undefined) throw new Error('the default subnet group is gone');
  const hour = String(3 + world.random.below(8)).padStart(2, '0');
  const minute = String(10 + world.random.below(20));
  return {
    DBInstanceArn: place.arn('db', given.DBInstanceIdentifier),
    DbiResourceId: world.resourceId('db-'),
    DBInstanceStatus: 'creating',
    DBInstanceClass: 'db.t4g.medium',
    Engine: engine,
    EngineVersion: version,
    AllocatedStorage: 100,
    MasterUsername: 'master',
    DbInstancePort: portOf(engine),
    InstanceCreateTime: at,
    BackupRetentionPeriod: 1,
    PreferredBackupWindow: `${hour}:${minute}-${hour}:${Number(minute) + 30}`,
    PreferredMaintenanceWindow: 'sun:02:00-sun:02:30',
    VpcSecurityGroups: [{ VpcSecurityGroupId: group.securityGroup, Status: 'active' }],
    DBParameterGroups: [
      { DBParameterGroupName: `default.${familyOf(engine, version)}`, ParameterApplyStatus: 'in-sync' },
    ],
    OptionGroupMemberships: [
      {
        OptionGroupName: `default:${engine}-${majorOf(engine, version).replace('.', '-')}`,
        Status: 'in-sync',
      },
    ],
    DBSubnetGroup: group.show(),
    AvailabilityZone: `${place.region}a`,
    MultiAZ: false,
    PubliclyAccessible: false,
    StorageType: 'gp3',
    StorageEncrypted: given.KmsKeyId !== undefined,
    LicenseModel: licenseOf(engine),
    CACertificateIdentifier: 'rds-ca-rsa2048-g1',
    CopyTagsToSnapshot: false,
    AutoMinorVersionUpgrade: true,
    IAMDatabaseAuthenticationEnabled: false,
    DeletionProtection: false,
    MonitoringInterval: 0,
    PerformanceInsightsEnabled: false,
    PendingModifiedValues: {},
    DBInstanceAutomatedBackupsReplications: [],
    TagList: [],
    ...given,
  };
}

/** The host name that goes with an identifier; it changes when the identifier does. */
export function endpointOf(place: Place, id: string, kind: '' | 'cluster-' | 'cluster-ro-' = ''): string {
  return `${id}.${kind}c${place.account.slice(0, 10)}.${place.region}.rds.amazonaws.com`;
}

export function newCluster(place: Place, given: GivenCluster, at: Date): Cluster {
  const { world } = place;
  const engine = given.Engine ?? 'aurora-postgresql';
  const version = given.EngineVersion ?? '16.4';
  const group = place.subnetGroups.get(given.DBSubnetGroup ?? 'default');
  if (group === undefined) throw new Error(`no subnet group ${given.DBSubnetGroup} in ${place.region}`);
  const hour = String(3 + world.random.below(8)).padStart(2, '0');
  return {
    DBClusterArn: place.arn('cluster', given.DBClusterIdentifier),
    DbClusterResourceId: world.resourceId('cluster-'),
    Status: 'creating',
    Engine: engine,
    EngineVersion: version,
    EngineMode: 'provisioned',
    // Aurora grows by itself and always says 1: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html
    AllocatedStorage: isAurora(engine) ? 1 : 100,
    MasterUsername: 'master',
    Port: portOf(engine),
    ClusterCreateTime: at,
    BackupRetentionPeriod: 1,
    PreferredBackupWindow: `${hour}:15-${hour}:45`,
    PreferredMaintenanceWindow: 'sun:02:00-sun:02:30',
    VpcSecurityGroups: [{ VpcSecurityGroupId: group.securityGroup, Status: 'active' }],
    DBClusterParameterGroup: `default.${familyOf(engine, version)}`,
    DBSubnetGroup: group.name,
    AvailabilityZones: [...group.zones],
    MultiAZ: !isAurora(engine),
    StorageEncrypted: given.KmsKeyId !== undefined,
    CopyTagsToSnapshot: false,
    IAMDatabaseAuthenticationEnabled: false,
    DeletionProtection: false,
    TagList: [],
    vpc: group.vpc,
    members: [],
    ...given,
  };
}
