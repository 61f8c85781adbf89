/** The table `functions.yml` as what osls deploys: a function, and a role of its own that may do what its row says. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { logicalName, type Names, roleName } from './names.ts';
import { rightsOf } from './rights.ts';
import type { Settings } from './settings.ts';

const folders = z.array(z.string().regex(/^[a-z]+$/));
const vaultRights = z.strictObject({
  read: folders.default([]),
  write: folders.default([]),
  remove: folders.default([]),
});
const row = z.strictObject({
  does: z.string(),
  memory: z.number().int().min(128).max(10_240),
  timeout: z.number().int().min(1).max(900),
  disk: z.number().int().min(512).max(10_240).optional(),
  /** Rights in the primary vault, in the replicas, or in both. */
  primary: vaultRights.optional(),
  replicas: vaultRights.optional(),
  vaults: vaultRights.optional(),
  /** Touches the protected thing itself: gets its secret, its network, its file system and its tools. */
  source: z.enum(['read', 'write']).optional(),
  /** May publish alerts. */
  alerts: z.boolean().default(false),
  /** Started by an event and not by a workflow, so nobody waits for its answer. */
  event: z.boolean().default(false),
});
export type FunctionRow = z.infer<typeof row>;
export type VaultRights = z.infer<typeof vaultRights>;

export const functionTable: Readonly<Record<string, FunctionRow>> = z
  .record(z.string(), row)
  .parse(parse(readFileSync(new URL('./functions.yml', import.meta.url), 'utf8')));

export const functionNames: readonly string[] = Object.keys(functionTable);

/** The `functions` of `serverless.yml`. */
export function functionsOf(names: Names, settings: Settings): Record<string, object> {
  return Object.fromEntries(
    Object.entries(functionTable).map(([name, entry]) => [logicalName(name), functionOf(name, entry, names, settings)]),
  );
}

function functionOf(name: string, entry: FunctionRow, names: Names, settings: Settings): object {
  return {
    name: `${names.prefix}-${name}`,
    description: entry.does,
    handler: 'index.handler',
    package: { artifact: `.build/${name}.zip` },
    memorySize: entry.memory,
    timeout: entry.timeout,
    ...(entry.disk === undefined ? {} : { ephemeralStorageSize: entry.disk }),
    role: `${logicalName(name)}Role`,
    ...(entry.alerts ? { environment: { TIDEMARK_ALERT_TOPIC: { Ref: 'AlertTopic' } } } : {}),
    ...(entry.event ? { destinations: { onFailure: undelivered } } : {}),
    ...(entry.source === undefined ? {} : placeOf(settings)),
  };
}

const undelivered = { type: 'sqs', arn: { 'Fn::GetAtt': ['Undelivered', 'Arn'] } };

/** Where the sources are: their network, their file system, and the programs that read databases. */
function placeOf({ network, fileSystem, databaseTools }: Settings): object {
  return {
    ...(network === undefined ? {} : { vpc: { subnetIds: network.subnets, securityGroupIds: network.securityGroups } }),
    ...(fileSystem === undefined
      ? {}
      : { fileSystemConfig: { arn: fileSystem.accessPoint, localMountPath: fileSystem.path } }),
    ...(databaseTools === undefined ? {} : { layers: [databaseTools] }),
  };
}

/** One role for each function, as CloudFormation resources. */
export function rolesOf(names: Names, settings: Settings): Record<string, object> {
  return Object.fromEntries(
    Object.entries(functionTable).map(([name, entry]) => [
      `${logicalName(name)}Role`,
      {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: roleName(names, name),
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
          },
          Policies: [
            { PolicyName: 'tidemark', PolicyDocument: { Version: '2012-10-17', Statement: rightsOf(name, entry, names, settings) } },
          ],
        },
      },
    ]),
  );
}
