/** Buckets, keys, topics and queues: what must hold for backups to be safe where they lie. */
import { describe, expect, test } from 'vitest';
import type { Resolve } from '../intrinsics.ts';
import { accountId } from '../intrinsics.ts';
import { resourcesOfType, type Template } from '../packaging.ts';
import { isAllowed, type Statement } from '../policies.ts';
import { bucketPolicy, type Stacks } from '../stacks.ts';

const both = [
  ['the primary', 0],
  ['the replica', 1],
] as const;

export function vaultsSuite(stacks: () => Stacks): void {
  const stack = (vault: number): { template: Template; resolve: Resolve } =>
    vault === 0
      ? { template: stacks().primary, resolve: stacks().resolve }
      : { template: stacks().replica, resolve: stacks().resolveReplica };

  describe.each(both)('%s', (_title, vault) => {
    test('its bucket has the name that the plan gives it, keeps versions, and outlives the stack', () => {
      const { template, resolve } = stack(vault);
      const bucket = template.Resources.VaultBucket!;
      expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      expect(resolve(bucket.Properties)).toMatchObject({
        BucketName: stacks().names.vaults[vault]!.bucket,
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: `arn:aws:kms:${stacks().names.vaults[vault]!.region}:${accountId}:key/VaultKey`,
              },
            },
          ],
        },
      });
    });

    test('no lifecycle rule touches a current object', () => {
      const { Rules } = stack(vault).template.Resources.VaultBucket!.Properties.LifecycleConfiguration;
      const allowed = [
        'Id',
        'Status',
        'AbortIncompleteMultipartUpload',
        'NoncurrentVersionExpiration',
        'ExpiredObjectDeleteMarker',
      ];
      for (const rule of Rules) expect(Object.keys(rule).filter((key) => !allowed.includes(key))).toEqual([]);
      expect(
        Rules.find((rule: object) => 'NoncurrentVersionExpiration' in rule).NoncurrentVersionExpiration.NoncurrentDays,
      ).toBeGreaterThanOrEqual(30);
    });

    test('its key rotates, outlives the stack, and has the name by which the other region knows it', () => {
      const { template } = stack(vault);
      expect(template.Resources.VaultKey).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: { EnableKeyRotation: true, PendingWindowInDays: 30 },
      });
      expect(template.Resources.VaultKeyAlias!.Properties).toEqual({
        AliasName: stacks().names.vaults[vault]!.keyAlias,
        TargetKeyId: { Ref: 'VaultKey' },
      });
    });

    describe('the bucket policy, whatever else somebody may do', () => {
      const everything: Statement[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
      const administrator = {
        'aws:principalarn': `arn:aws:iam::${accountId}:role/administrator`,
        'aws:securetransport': 'true',
        's3:tlsversion': '1.3',
      };
      const may = (action: string, key: string, more: Record<string, string> = {}): boolean =>
        isAllowed(
          {
            action,
            resource: `arn:aws:s3:::${stacks().names.vaults[vault]!.bucket}/${key}`,
            context: { ...administrator, ...more },
          },
          everything,
          bucketPolicy(stacks(), vault),
        );

      test('lets an administrator read over TLS, and nobody without', () => {
        expect(may('s3:GetObject', 'packs/ab/x')).toBe(true);
        expect(may('s3:GetObject', 'packs/ab/x', { 'aws:securetransport': 'false' })).toBe(false);
        expect(may('s3:GetObject', 'packs/ab/x', { 's3:tlsversion': '1.1' })).toBe(false);
      });

      test('takes no upload that asks for a weaker encryption', () => {
        expect(may('s3:PutObject', 'packs/ab/x')).toBe(true);
        expect(may('s3:PutObject', 'packs/ab/x', { 's3:x-amz-server-side-encryption': 'aws:kms' })).toBe(true);
        expect(may('s3:PutObject', 'packs/ab/x', { 's3:x-amz-server-side-encryption': 'AES256' })).toBe(false);
      });

      test('lets nobody but the roles made for it remove anything, and nobody a version', () => {
        for (const key of [
          'vault.json',
          'packs/ab/x',
          'index/x',
          'snapshots/s/x.json',
          'leases/x.json',
          'work/run/x',
        ]) {
          expect([key, may('s3:DeleteObject', key)]).toEqual([key, false]);
          expect([key, may('s3:DeleteObjectVersion', key)]).toEqual([key, false]);
        }
      });

      test('lets nobody overwrite a snapshot', () => {
        expect(may('s3:PutObject', 'snapshots/s/x.json')).toBe(false);
        expect(may('s3:PutObject', 'snapshots/s/x.json', { 's3:if-none-match': '*' })).toBe(true);
      });
    });

    test('its topic is encrypted with a key that lets alarms in, and takes nothing without TLS', () => {
      const { template, resolve } = stack(vault);
      expect(resolve(template.Resources.AlertTopic!.Properties)).toMatchObject({
        KmsMasterKeyId: expect.stringMatching(/:key\/AlertKey$/),
      });
      expect(template.Resources.AlertKey!.Properties.EnableKeyRotation).toBe(true);
      const alarms = { Principal: { Service: 'cloudwatch.amazonaws.com' }, Effect: 'Allow' };
      expect(resolve(template.Resources.AlertKey!.Properties.KeyPolicy.Statement)).toContainEqual(
        expect.objectContaining({
          ...alarms,
          Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
        }),
      );
      const policy = resolve(template.Resources.AlertTopicPolicy!.Properties.PolicyDocument.Statement);
      expect(policy).toContainEqual(expect.objectContaining({ ...alarms, Action: 'sns:Publish' }));
      expect(policy).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 'sns:Publish',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    });

    test('every bucket is closed to the public', () => {
      for (const [, { Properties }] of resourcesOfType(stack(vault).template, 'AWS::S3::Bucket')) {
        expect(Properties.PublicAccessBlockConfiguration).toEqual({
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        });
      }
    });
  });

  describe('the two stacks', () => {
    test('a bucket policy names only roles that the primary stack makes', () => {
      const roles = resourcesOfType(stacks().primary, 'AWS::IAM::Role').map(
        ([, { Properties }]) => `arn:aws:iam::${accountId}:role/${Properties.RoleName}`,
      );
      for (const [, vault] of both) {
        const named = bucketPolicy(stacks(), vault).flatMap(
          ({ Condition }) => (Condition?.ArnNotEquals?.['aws:PrincipalArn'] ?? []) as string[],
        );
        // An empty list would be no condition at all.
        for (const { Condition } of bucketPolicy(stacks(), vault)) {
          if (Condition?.ArnNotEquals) expect(Condition.ArnNotEquals['aws:PrincipalArn']?.length).toBeGreaterThan(0);
        }
        expect(named.length).toBeGreaterThan(3);
        expect(named.filter((role) => !roles.includes(role))).toEqual([]);
      }
    });

    test('the replica runs nothing', () => {
      const types = Object.values(stacks().replica.Resources).map(({ Type }) => Type);
      expect(types.filter((type) => /Lambda|StepFunctions|Events|Scheduler|IAM/.test(type))).toEqual([]);
    });

    test('nothing is deployed whose purpose is unknown', () => {
      const known = Object.values(stacks().primary.Resources).map(({ Type }) => Type.split('::').slice(1).join('::'));
      expect([...new Set(known)].sort()).toEqual([
        'CloudWatch::Alarm',
        'Events::Rule',
        'IAM::Role',
        'KMS::Alias',
        'KMS::Key',
        'Lambda::EventInvokeConfig',
        'Lambda::Function',
        'Lambda::Permission',
        'Logs::LogGroup',
        'S3::Bucket',
        'S3::BucketPolicy',
        'SNS::Topic',
        'SNS::TopicPolicy',
        'SQS::Queue',
        'SQS::QueuePolicy',
        'Scheduler::Schedule',
        'Scheduler::ScheduleGroup',
        'StepFunctions::StateMachine',
      ]);
    });
  });
}
