/** What a deployment may choose, and what of a plan cannot be deployed: no template is packaged for it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { functionTable } from '../../deploy/function-table.ts';
import { functionsOf, rolesOf } from '../../deploy/functions.ts';
import { logicalName, namesOf } from '../../deploy/names.ts';
import { ruleResources } from '../../deploy/rules.ts';
import { settingsOf } from '../../deploy/settings.ts';
import { replicaStack } from '../../deploy/stack.ts';
import { parsePlan } from '../../src/plan/index.ts';
import { root } from './packaging.ts';

const shipped = readFileSync(`${root}/backup-plan.yml`, 'utf8');
const namesWith = (...changes: readonly (readonly [string | RegExp, string])[]) => {
  const text = changes.reduce((plan, [from, to]) => {
    expect(plan.search(from)).not.toBe(-1);
    return plan.replace(from, to);
  }, shipped);
  return namesOf(parsePlan(text, 'backup-plan.yml'));
};
const defaults = { tracing: true, logRetentionDays: 90 };

// biome-ignore lint/suspicious/noExplicitAny: what osls and CloudFormation take
type Any = any;

function deployed(name: string, names = namesWith(), parameters: object = {}): { function: Any; statements: Any[] } {
  const settings = settingsOf({ ...defaults, ...parameters });
  return {
    function: functionsOf(names, settings)[logicalName(name)],
    statements: (rolesOf(names, settings)[`${logicalName(name)}Role`] as Any).Properties.Policies[0].PolicyDocument
      .Statement,
  };
}

const statement = (statements: Any[], sid: string): Any => statements.find(({ Sid }) => Sid === sid);

describe('a network', () => {
  const network = { subnets: 'subnet-1, subnet-2', securityGroups: 'sg-1' };

  test('is for functions that touch a source, and only Lambda itself may make interfaces in it', () => {
    const { function: capture, statements } = deployed('capture-shard', namesWith(), network);
    expect(capture.vpc).toEqual({ subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] });
    expect(statement(statements, 'Network')).toMatchObject({ Effect: 'Allow', Resource: '*' });
    const denial = statement(statements, 'NetworkByLambdaOnly');
    expect(denial.Action).toEqual(statement(statements, 'Network').Action);
    expect(denial.Condition.ArnEquals['lambda:SourceFunctionArn']['Fn::Sub']).toMatch(/-capture-shard$/);
    expect(deployed('conclude-run', namesWith(), network).function.vpc).toBeUndefined();
  });

  test.each([{ subnets: 'subnet-1' }, { securityGroups: 'sg-1' }])('is whole or not at all: %o', (half) => {
    expect(() => settingsOf({ ...defaults, ...half })).toThrow(/subnets and securityGroups belong together/);
  });

  test('a file system is inside it, mounted read-only for those who read', () => {
    const accessPoint = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0';
    expect(() => settingsOf({ ...defaults, fileSystem: accessPoint })).toThrow(/fileSystem needs subnets/);
    const mounted = { ...network, fileSystem: accessPoint };
    const { function: capture, statements } = deployed('capture-shard', namesWith(), mounted);
    expect(capture.fileSystemConfig).toEqual({ arn: accessPoint, localMountPath: '/mnt/data' });
    expect(statement(statements, 'FileSystem')).toMatchObject({
      Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientRootAccess'],
      Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPoint } },
    });
    const { statements: restoring } = deployed('restore-shard', namesWith(), mounted);
    expect(statement(restoring, 'FileSystem').Action).toContain('elasticfilesystem:ClientWrite');
  });
});

describe('secrets', () => {
  test('are read through the layer of the region, by those who touch a source and know no other secret', () => {
    const { function: capture, statements } = deployed('capture-shard');
    expect(capture.layers).toEqual([
      expect.stringMatching(
        /^arn:aws:lambda:eu-west-1:\d{12}:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:\d+$/,
      ),
    ]);
    expect(statement(statements, 'Secrets').Resource).toEqual([
      { 'Fn::Sub': expect.stringMatching(/:secret:node-network\/db-\?{6}$/) },
    ]);
    expect(deployed('collect-garbage').function.layers).toBeUndefined();
  });

  test('need no layer when the plan has none', () => {
    const names = namesWith([/connection: .*/, 'connection: postgres://backup@db.example.com/node_network']);
    const { function: capture, statements } = deployed('capture-shard', names);
    expect(capture.layers).toBeUndefined();
    expect(statement(statements, 'Secrets')).toBeUndefined();
  });

  test('a passphrase is for every function, as each opens the vault', () => {
    const sealed = namesWith([/sealing: none/, 'sealing: passphrase']);
    expect(() => deployed('plan-prune', sealed)).toThrow(/passphraseSecret is not set/);
    for (const name of Object.keys(functionTable)) {
      const { function: one, statements } = deployed(name, sealed, { passphraseSecret: 'tidemark/vault' });
      expect(one.environment.TIDEMARK_PASSPHRASE_SECRET).toBe('tidemark/vault');
      expect(one.layers).toHaveLength(1);
      expect(JSON.stringify(statement(statements, 'Secrets').Resource)).toContain('secret:tidemark/vault-??????');
    }
  });

  test('a region without the layer is refused, until it is named', () => {
    const names = namesWith([/region: eu-west-1/, 'region: eu-south-2']);
    expect(() => deployed('capture-shard', names)).toThrow(/cannot be read in eu-south-2/);
    const given = deployed('capture-shard', names, { secretsExtension: 'arn:aws:lambda:eu-south-2:1:layer:x:1' });
    expect(given.function.layers).toEqual(['arn:aws:lambda:eu-south-2:1:layer:x:1']);
  });
});

test('the database tools go where dumps are made and restored', () => {
  const parameters = { databaseTools: 'arn:aws:lambda:eu-west-1:123456789012:layer:postgres:1' };
  expect(deployed('capture-shard', namesWith(), parameters).function.layers).toContain(parameters.databaseTools);
  expect(deployed('restore-shard', namesWith(), parameters).function.layers).toContain(parameters.databaseTools);
  expect(deployed('mark-garbage', namesWith(), parameters).function.layers).toBeUndefined();
});

test('without tracing nobody may trace; a word that is neither yes nor no is refused', () => {
  expect(statement(deployed('plan-backup').statements, 'Trace')).toBeDefined();
  expect(statement(deployed('plan-backup', namesWith(), { tracing: 'false' }).statements, 'Trace')).toBeUndefined();
  expect(() => settingsOf({ ...defaults, tracing: 'yes' })).toThrow(/tracing is "yes"/);
});

test('a topic that is there already is published to, and no key of ours is named', () => {
  const arn = 'arn:aws:sns:eu-west-1:123456789012:operations';
  const { function: conclude, statements } = deployed('conclude-run', namesWith([/topic: alerts/, `topic: ${arn}`]));
  expect(conclude.environment.TIDEMARK_ALERT_TOPIC).toBe(arn);
  expect(statement(statements, 'Alert').Resource).toBe(arn);
  expect(JSON.stringify(statements)).not.toContain('AlertTopic');
  expect(statement(statements, 'AlertKey')).toMatchObject({
    Resource: { 'Fn::Sub': expect.stringMatching(/:kms:eu-west-1:123456789012:key\/\*$/) },
    Condition: { StringEquals: { 'kms:ViaService': 'sns.eu-west-1.amazonaws.com' } },
  });
});

test('a folder in the bucket is part of every right', () => {
  const names = namesWith([/bucket: node-network-vault,/, 'bucket: node-network-vault, prefix: vaults/main,']);
  const resources = JSON.stringify(deployed('capture-shard', names).statements);
  expect(resources).toContain(':s3:::node-network-vault/vaults/main/packs/*');
  expect(resources).not.toContain(':s3:::node-network-vault/packs/*');
});

test('rules that no source asks for are left out', () => {
  const rules = (names = namesWith()) => Object.keys(ruleResources(names)).filter((id) => id.endsWith('Rule'));
  expect(rules()).toHaveLength(6);
  expect(rules(namesWith([/ {4}on:\n(?: {6}- .*\n)+/, ''])).sort()).toEqual([
    'ChangeCodecommitRule',
    'ChangeTidemarkRule',
    'ExecutionFailedRule',
  ]);
});

describe('a plan that cannot be deployed is refused, with the place and the way out', () => {
  test.each([
    [
      'a directory',
      /primary: .*/,
      'primary: { directory: /var/backups/vault }',
      /vault\.primary is not an S3 bucket on AWS/,
    ],
    [
      'a store that only speaks S3',
      /region: eu-central-1/,
      'region: eu-central-1, endpoint: "http://127.0.0.1:9000"',
      /vault\.replicas\[0\] is not an S3 bucket on AWS/,
    ],
    ['a name that AWS does not take', /plan: node-network\n/, 'plan: Node.Network\n', /cannot name things on AWS/],
  ])('%s', (_what, from, to, message) => {
    expect(() => namesWith([from, to])).toThrow(message);
  });

  test('a replica that the plan does not have', () => {
    expect(() => replicaStack(root, 2)).toThrow(/the plan has no replica 2/);
  });
});
