/**
 * A row of `functions.yml` as IAM statements: exact actions on exact resources. The only statements on `*` are those for
 * which IAM knows nothing narrower: X-Ray, and the network interfaces that Lambda makes inside a VPC.
 */
import type { FunctionRow, VaultRights } from './functions.ts';
import type { Names, VaultNames } from './names.ts';
import type { Settings } from './settings.ts';

type Resource = string | { readonly 'Fn::Sub': string } | { readonly 'Fn::GetAtt': readonly string[] } | { readonly Ref: string };

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: Resource | readonly Resource[];
  readonly Condition?: object;
}

export function rightsOf(name: string, row: FunctionRow, names: Names, settings: Settings): readonly Statement[] {
  const [primary, ...replicas] = names.vaults;
  return [
    logRight(`${names.prefix}-${name}`),
    ...(settings.tracing ? [traceRight] : []),
    ...vaultStatements('Primary', primary!, { 'Fn::GetAtt': ['VaultKey', 'Arn'] }, [row.vaults, row.primary]),
    ...replicas.flatMap((vault, at) =>
      vaultStatements(`Replica${at + 1}`, vault, sub(`kms:${vault.region}:\${AWS::AccountId}:key/*`), [row.vaults, row.replicas]),
    ),
    ...(row.alerts ? alertRights : []),
    ...(row.event ? [undeliveredRight] : []),
    ...(row.source === undefined ? [] : sourceRights(`${names.prefix}-${name}`, row.source, names, settings)),
  ];
}

function sub(arn: string): { 'Fn::Sub': string } {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${arn}` };
}

function logRight(functionName: string): Statement {
  return {
    Sid: 'Logs',
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: sub(`logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`),
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
  key: Resource,
  rights: readonly (VaultRights | undefined)[],
): readonly Statement[] {
  const all = (what: keyof VaultRights): readonly string[] => rights.flatMap((right) => right?.[what] ?? []);
  const [read, write, remove] = [all('read'), all('write'), all('remove')];
  if (read.length + write.length + remove.length === 0) return [];
  const objects = (folders: readonly string[]): readonly Resource[] =>
    folders.map((folder) => sub(`s3:::${vault.bucket}/${vault.prefix}${folder === 'vault' ? 'vault.json' : `${folder}/*`}`));
  const cryptography = [...(read.length > 0 ? ['kms:Decrypt'] : []), ...(write.length > 0 ? ['kms:GenerateDataKey'] : [])];
  return [
    {
      // Names only. Without it a missing object would be answered with "denied", and no listing would be complete.
      Sid: `${title}List`,
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: sub(`s3:::${vault.bucket}`),
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
  resources: readonly Resource[],
  condition?: object,
): readonly Statement[] {
  if (resources.length === 0 || action.length === 0) return [];
  return [
    { Sid: sid, Effect: 'Allow', Action: action, Resource: resources, ...(condition === undefined ? {} : { Condition: condition }) },
  ];
}

const alertRights: readonly Statement[] = [
  { Sid: 'Alert', Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: 'AlertTopic' } },
  {
    Sid: 'AlertKey',
    Effect: 'Allow',
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: { 'Fn::GetAtt': ['AlertKey', 'Arn'] },
    Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Sub': 'sns.${AWS::Region}.amazonaws.com' } } },
  },
];

const undeliveredRight: Statement = {
  Sid: 'Undelivered',
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: { 'Fn::GetAtt': ['Undelivered', 'Arn'] },
};

const interfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

function sourceRights(functionName: string, access: 'read' | 'write', names: Names, settings: Settings): readonly Statement[] {
  const secrets = names.plan.sources.flatMap((source) =>
    source.kind === 'postgres' && typeof source.connection !== 'string' ? [source.connection.secret] : [],
  );
  return [
    ...statement('Secrets', 'secretsmanager:GetSecretValue', [...new Set(secrets)].map(secretArn)),
    ...(settings.network === undefined ? [] : networkRights(functionName)),
    ...(settings.fileSystem === undefined ? [] : [fileSystemRight(settings.fileSystem.accessPoint, access)]),
  ];
}

/** Secrets Manager appends a hyphen and six characters to the name. */
function secretArn(secret: string): Resource {
  return secret.startsWith('arn:') ? secret : sub(`secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}-??????`);
}

/** Lambda makes the interfaces with the function's role; the function's own code may not. */
function networkRights(functionName: string): readonly Statement[] {
  const self = sub(`lambda:\${AWS::Region}:\${AWS::AccountId}:function:${functionName}`);
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
    Resource: sub('elasticfilesystem:${AWS::Region}:${AWS::AccountId}:file-system/*'),
    Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPoint } },
  };
}
