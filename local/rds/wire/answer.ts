/**
 * Writes answers as the Query protocol wants them: XML, lists as elements named after their members, times in UTC. The
 * names of list members are facts of the service's public model (botocore, `rds/2014-10-31/service-2.json`); a list that is
 * not in the table is a mistake of this fake, and is thrown.
 */
import type { Refusal } from './refusal.ts';

export type Value =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly Value[]
  | { readonly [name: string]: Value };
export type Shape = { readonly [name: string]: Value };

const members = new Map(
  Object.entries({
    AccountQuotas: 'AccountQuota',
    AssociatedRoles: 'DBInstanceRole',
    AttributeValues: 'AttributeValue',
    AvailabilityZones: 'AvailabilityZone',
    DBClusterAutomatedBackups: 'DBClusterAutomatedBackup',
    DBClusterMembers: 'DBClusterMember',
    DBClusterOptionGroupMemberships: 'DBClusterOptionGroup',
    DBClusterParameterGroups: 'DBClusterParameterGroup',
    DBClusterSnapshotAttributes: 'DBClusterSnapshotAttribute',
    DBClusterSnapshots: 'DBClusterSnapshot',
    DBClusters: 'DBCluster',
    DBEngineVersions: 'DBEngineVersion',
    DBInstanceAutomatedBackups: 'DBInstanceAutomatedBackup',
    DBInstanceAutomatedBackupsReplications: 'DBInstanceAutomatedBackupsReplication',
    DBInstances: 'DBInstance',
    DBParameterGroups: 'DBParameterGroup',
    DBSecurityGroups: 'DBSecurityGroup',
    DBSnapshotAttributes: 'DBSnapshotAttribute',
    DBSnapshots: 'DBSnapshot',
    DBSubnetGroups: 'DBSubnetGroup',
    DomainMemberships: 'DomainMembership',
    EnabledCloudwatchLogsExports: 'member',
    EventCategories: 'EventCategory',
    Events: 'Event',
    ExportOnly: 'member',
    ExportTasks: 'ExportTask',
    ExportableLogTypes: 'member',
    OptionGroupMemberships: 'OptionGroupMembership',
    OptionGroupsList: 'OptionGroup',
    OptionSettings: 'OptionSetting',
    Options: 'Option',
    OrderableDBInstanceOptions: 'OrderableDBInstanceOption',
    Parameters: 'Parameter',
    ProcessorFeatures: 'ProcessorFeature',
    ReadReplicaDBInstanceIdentifiers: 'ReadReplicaDBInstanceIdentifier',
    SourceRegions: 'SourceRegion',
    Subnets: 'Subnet',
    SupportedFeatureNames: 'member',
    SupportedNetworkTypes: 'member',
    TagList: 'Tag',
    ValidUpgradeTarget: 'UpgradeTarget',
    VpcSecurityGroupMemberships: 'VpcSecurityGroupMembership',
    VpcSecurityGroups: 'VpcSecurityGroupMembership',
  }),
);

const namespace = 'http://rds.amazonaws.com/doc/2014-10-31/';

/** `result` is undefined for the few operations whose answer carries nothing. */
export function answerXml(action: string, result: Shape | undefined, requestId: string): string {
  const inside = result === undefined ? '' : `<${action}Result>${inner(result)}</${action}Result>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${namespace}">${inside}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`;
}

export function refusalXml(refusal: Refusal, requestId: string): string {
  const type = refusal.status >= 500 ? 'Receiver' : 'Sender';
  return `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${refusal.code}</Code><Message>${escaped(refusal.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

function inner(shape: Shape): string {
  return Object.entries(shape)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  if (isList(value)) {
    const member = members.get(name);
    if (member === undefined) throw new Error(`the name of the members of ${name} is not in the table`);
    return `<${name}>${value.map((one) => element(member, one)).join('')}</${name}>`;
  }
  if (typeof value === 'object') return `<${name}>${inner(value)}</${name}>`;
  return `<${name}>${escaped(String(value))}</${name}>`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
