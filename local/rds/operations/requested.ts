/**
 * What a request asks an instance or a cluster to be, checked against what is there: the same whether it is made, restored or
 * changed. Undefined is "not said".
 */
import type { Call } from '../operation.ts';
import type { Place } from '../place.ts';
import { familyOf, majorOf } from '../records/birth.ts';
import type { Cluster } from '../records/cluster.ts';
import type { SubnetGroup } from '../records/group.ts';
import type { Instance } from '../records/instance.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';
import { optionGroup, parameterGroup } from './catalogue/groups.ts';

/** Parameters with the same meaning in CreateDBInstance, the restores and ModifyDBInstance. */
export const instanceParameters = [
  ...[
    'DBInstanceClass',
    'DBSubnetGroupName',
    'VpcSecurityGroupIds',
    'DBParameterGroupName',
    'OptionGroupName',
    'MultiAZ',
  ],
  ...['PubliclyAccessible', 'AutoMinorVersionUpgrade', 'LicenseModel', 'Iops', 'StorageThroughput', 'StorageType'],
  ...['AllocatedStorage', 'CopyTagsToSnapshot', 'EnableIAMDatabaseAuthentication', 'DeletionProtection'],
  ...['BackupRetentionPeriod', 'PreferredBackupWindow', 'CACertificateIdentifier', 'MaxAllocatedStorage'],
] as const;

export const clusterParameters = [
  ...['DBSubnetGroupName', 'VpcSecurityGroupIds', 'DBClusterParameterGroupName', 'Port', 'StorageType'],
  ...['CopyTagsToSnapshot', 'EnableIAMDatabaseAuthentication', 'DeletionProtection', 'BackupRetentionPeriod'],
  ...['PreferredBackupWindow', 'DBClusterInstanceClass', 'EnableCloudwatchLogsExports'],
] as const;

interface Engine {
  readonly Engine: string;
  readonly EngineVersion: string;
}

/** `now` is what it is already, for the network that it is in. */
export function requestedInstance(call: Call, engine: Engine, current?: Instance): Partial<Instance> {
  const { input, place } = call;
  if (input.flag('MultiAZ') && input.has('AvailabilityZone')) {
    invalidCombination('Requesting a specific availability zone is not valid for Multi-AZ instances.');
  }
  const group = subnetGroup(call);
  const vpc = group?.vpc ?? (current === undefined ? defaultGroup(place).vpc : String(current.DBSubnetGroup.VpcId));
  const days = input.whole('BackupRetentionPeriod');
  if (days !== undefined && (days < 0 || days > 35)) invalidValue(`Invalid backup retention period: ${days}`);
  return given({
    DBInstanceClass: input.text('DBInstanceClass'),
    DBSubnetGroup: group?.show(),
    VpcSecurityGroups: securityGroups(call, vpc, group !== undefined),
    DBParameterGroups: ofInstance(call, engine),
    OptionGroupMemberships: options(call, engine),
    MultiAZ: input.flag('MultiAZ'),
    PubliclyAccessible: input.flag('PubliclyAccessible'),
    AutoMinorVersionUpgrade: input.flag('AutoMinorVersionUpgrade'),
    LicenseModel: input.text('LicenseModel'),
    Iops: input.whole('Iops'),
    StorageThroughput: input.whole('StorageThroughput'),
    StorageType: input.text('StorageType'),
    AllocatedStorage: input.whole('AllocatedStorage'),
    MaxAllocatedStorage: input.whole('MaxAllocatedStorage'),
    CopyTagsToSnapshot: input.flag('CopyTagsToSnapshot'),
    IAMDatabaseAuthenticationEnabled: input.flag('EnableIAMDatabaseAuthentication'),
    DeletionProtection: input.flag('DeletionProtection'),
    BackupRetentionPeriod: days,
    PreferredBackupWindow: input.text('PreferredBackupWindow'),
    CACertificateIdentifier: input.text('CACertificateIdentifier'),
  });
}

export function requestedCluster(call: Call, engine: Engine, current?: Cluster): Partial<Cluster> {
  const { input, place } = call;
  const group = subnetGroup(call);
  const vpc = group?.vpc ?? current?.vpc ?? defaultGroup(place).vpc;
  const parameters = input.text('DBClusterParameterGroupName');
  if (parameters !== undefined) requireFamily(parameterGroup(place, 'cluster', parameters), engine);
  const days = input.whole('BackupRetentionPeriod');
  if (days !== undefined && (days < 1 || days > 35)) invalidValue(`Invalid backup retention period: ${days}`);
  return given({
    DBSubnetGroup: group?.name,
    vpc: group?.vpc,
    VpcSecurityGroups: securityGroups(call, vpc, group !== undefined),
    DBClusterParameterGroup: parameters?.toLowerCase(),
    Port: input.whole('Port'),
    StorageType: input.text('StorageType'),
    CopyTagsToSnapshot: input.flag('CopyTagsToSnapshot'),
    IAMDatabaseAuthenticationEnabled: input.flag('EnableIAMDatabaseAuthentication'),
    DeletionProtection: input.flag('DeletionProtection'),
    BackupRetentionPeriod: days,
    PreferredBackupWindow: input.text('PreferredBackupWindow'),
    DBClusterInstanceClass: input.text('DBClusterInstanceClass'),
    EnabledCloudwatchLogsExports: input.texts('EnableCloudwatchLogsExports'),
  });
}

/** Only what was said. */
function given<T extends object>(all: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
    [name in keyof T]?: Exclude<T[name], undefined>;
  };
}

function subnetGroup({ input, place }: Call): SubnetGroup | undefined {
  const name = input.text('DBSubnetGroupName');
  if (name === undefined) return undefined;
  return (
    place.subnetGroups.get(name.toLowerCase()) ??
    refuse('DBSubnetGroupNotFoundFault', `DB subnet group '${name}' does not exist.`)
  );
}

function defaultGroup(place: Place): SubnetGroup {
  return place.subnetGroups.get('default') ?? refuse('DBSubnetGroupNotFoundFault', 'No default subnet group detected.');
}

/**
 * "Default: The default EC2 VPC security group for the DB subnet group's VPC." A group of another region is none here, and
 * one of another network does not fit.
 */
function securityGroups(call: Call, vpc: string, moved: boolean): Instance['VpcSecurityGroups'] | undefined {
  const { input, place } = call;
  const ids = input.texts('VpcSecurityGroupIds') ?? [];
  for (const id of ids) {
    const home = place.securityGroups.get(id);
    if (home === undefined) invalidValue(`Invalid security group , groupId= ${id}, groupName=.`);
    if (home !== vpc) invalidCombination('The DB instance and EC2 security group are in different VPCs.');
  }
  const groups = ids.length === 0 && moved ? [place.defaultSecurityGroup(vpc)] : ids;
  return groups.length === 0 ? undefined : groups.map((id) => ({ VpcSecurityGroupId: id, Status: 'active' }));
}

function ofInstance({ input, place }: Call, engine: Engine): Instance['DBParameterGroups'] | undefined {
  const name = input.text('DBParameterGroupName');
  if (name === undefined) return undefined;
  const group = parameterGroup(place, 'instance', name);
  requireFamily(group, engine);
  return [{ DBParameterGroupName: group.name, ParameterApplyStatus: 'in-sync' }];
}

function requireFamily({ name, family }: { name: string; family: string }, engine: Engine): void {
  const wanted = familyOf(engine.Engine, engine.EngineVersion);
  if (family === wanted) return;
  invalidCombination(
    `The Parameter Group ${name} with DBParameterGroupFamily ${family} can't be used for this instance. Please use a Parameter Group with DBParameterGroupFamily ${wanted}`,
  );
}

function options({ input, place }: Call, engine: Engine): Instance['OptionGroupMemberships'] | undefined {
  const name = input.text('OptionGroupName');
  if (name === undefined) return undefined;
  const group = optionGroup(place, name);
  if (group.engine !== engine.Engine || group.major !== majorOf(engine.Engine, engine.EngineVersion)) {
    invalidCombination(`The option group ${name} is not for ${engine.Engine} ${engine.EngineVersion}.`);
  }
  return [{ OptionGroupName: group.name, Status: 'in-sync' }];
}
