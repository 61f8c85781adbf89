/**
 * A row of `functions.yml` as IAM statements: exact actions on exact resources. The only statements on `*` are those for
 * which IAM knows nothing narrower: X-Ray, and the network interfaces that Lambda makes inside a VPC.
 */
import type { FunctionRow, VaultRights } from './function-table.ts';
import { account, arn, arnOf, here, topicArn, type Value } from './intrinsics.ts';
import type { Names, VaultNames } from './names.ts';
import { databaseRights } from './rights-databases.ts';
import { secretsOf } from './secrets.ts';
import type { Settings } from './settings.ts';
import type { Statement } from './statement.ts';

export type { Statement };

export function rightsOf(name: string, row: FunctionRow, names: Names, settings: Settings): readonly Statement[] {
  const [primary, ...replicas] = names.vaults;
  return [
    logRight(`${names.prefix}-${name}`),
    ...(settings.tracing ? [traceRight] : []),
    ...vaultStatements('Primary', primary!, arnOf('VaultKey'), [row.vaults, row.primary]),
    ...replicas.flatMap((vault, at) =>
      vaultStatements(`Replica${at + 1}`, vault, arn(`kms:${vault.region}:${account}:key/*`), [
        row.vaults,
        row.replicas,
      ]),
    ),
    ...(row.alerts ? alertRights(names) : []),
    ...(row.event ? [undeliveredRight] : []),
    ...statement(
      'Secrets',
      'secretsmanager:GetSecretValue',
      secretsOf(row.source !== undefined, names, settings).map(secretArn),
    ),
    ...databaseRights(row.databases, names),
    ...(row.source === undefined ? [] : sourceRights(`${names.prefix}-${name}`, row.source, settings)),
  ];
}

function logRight(functionName: string): Statement {
  return {
    Sid: 'Logs',
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: arn(`logs:${here}:log-group:/aws/lambda/${functionName}:*`),
  };
}

const traceRight: Statement = {
  Sid: 'Trace',
  Effect: 'Allow',
  Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  Resource: '*',
};

function vaultStatements(
  title: string,
  vault: VaultNames,
  key: Value,
  rights: readonly (VaultRights | undefined)[],
): readonly Statement[] {
  const all = (what: keyof VaultRights): readonly string[] => rights.flatMap((right) => right?.[what] ?? []);
  const [read, write, remove] = [all('read'), all('write'), all('remove')];
  if (read.length + write.length + remove.length === 0) return [];
  const objects = (folders: readonly string[]): readonly Value[] =>
    folders.map((folder) =>
      arn(`s3:::${vault.bucket}/${vault.prefix}${folder === 'vault' ? 'vault.json' : `${folder}/*`}`),
    );
  const cryptography = [
    ...(read.length > 0 ? ['kms:Decrypt'] : []),
    ...(write.length > 0 ? ['kms:GenerateDataKey'] : []),
  ];
  return [
    {
      // Names only. Without it a missing object would be answered with "denied", and no listing would be complete.
      Sid: `${title}List`,
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: arn(`s3:::${vault.bucket}`),
    },
    ...statement(`${title}Read`, 's3:GetObject', objects(read)),
    ...statement(`${title}Write`, 's3:PutObject', objects(write)),
    ...statement(`${title}Remove`, 's3:DeleteObject', objects(remove)),
    ...statement(`${title}Key`, cryptography, [key], keyConditions(vault, title)),
  ];
}

/** The key serves S3 and nothing else; in another region it is known by its alias, as its id is not known beforehand. */
function keyConditions(vault: VaultNames, title: string): object {
  return {
    StringEquals: { 'kms:ViaService': `s3.${vault.region}.amazonaws.com` },
    ...(title === 'Primary' ? {} : { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': vault.keyAlias } }),
  };
}

function statement(
  sid: string,
  action: string | readonly string[],
  resources: readonly Value[],
  condition?: object,
): readonly Statement[] {
  if (resources.length === 0 || action.length === 0) return [];
  return [
    {
      Sid: sid,
      Effect: 'Allow',
      Action: action,
      Resource: resources,
      ...(condition === undefined ? {} : { Condition: condition }),
    },
  ];
}

function alertRights({ topic, vaults }: Names): readonly Statement[] {
  // The key of a topic that is not ours is not known; it can be used through SNS and in the topic's region alone.
  const [, , , region = '', owner = ''] = 'arn' in topic ? topic.arn.split(':') : [];
  return [
    { Sid: 'Alert', Effect: 'Allow', Action: 'sns:Publish', Resource: topicArn(topic) },
    {
      Sid: 'AlertKey',
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: 'arn' in topic ? arn(`kms:${region}:${owner}:key/*`) : arnOf('AlertKey'),
      Condition: {
        StringEquals: { 'kms:ViaService': `sns.${'arn' in topic ? region : vaults[0]!.region}.amazonaws.com` },
      },
    },
  ];
}

const undeliveredRight: Statement = {
  Sid: 'Undelivered',
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: arnOf('Undelivered'),
};

const interfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

function sourceRights(functionName: string, access: 'read' | 'write', settings: Settings): readonly Statement[] {
  return [
    ...(settings.network === undefined ? [] : networkRights(functionName)),
    ...(settings.fileSystem === undefined ? [] : [fileSystemRight(settings.fileSystem.accessPoint, access)]),
  ];
}

/** Secrets Manager appends a hyphen and six characters to the name. */
function secretArn(secret: string): Value {
  return secret.startsWith('arn:') ? secret : arn(`secretsmanager:${here}:secret:${secret}-??????`);
}

/** Lambda makes the interfaces with the function's role; the function's own code may not. */
function networkRights(functionName: string): readonly Statement[] {
  const self = arn(`lambda:${here}:function:${functionName}`);
  return [
    { Sid: 'Network', Effect: 'Allow', Action: interfaceActions, Resource: '*' },
    {
      Sid: 'NetworkByLambdaOnly',
      Effect: 'Deny',
      Action: interfaceActions,
      Resource: '*',
      Condition: { ArnEquals: { 'lambda:SourceFunctionArn': self } },
    },
  ];
}

/** As root, so that files that only their owners may read are read too. */
function fileSystemRight(accessPoint: string, access: 'read' | 'write'): Statement {
  const mount = ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientRootAccess'];
  return {
    Sid: 'FileSystem',
    Effect: 'Allow',
    Action: access === 'read' ? mount : [...mount, 'elasticfilesystem:ClientWrite'],
    Resource: arn(`elasticfilesystem:${here}:file-system/*`),
    Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPoint } },
  };
}
