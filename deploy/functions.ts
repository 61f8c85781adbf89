/** The table `functions.yml` as what osls deploys: a function, and a role of its own that may do what its row says. */
import { type FunctionRow, functionTable } from './function-table.ts';
import { arnOf, topicArn } from './intrinsics.ts';
import { logicalName, type Names, roleName } from './names.ts';
import { rightsOf } from './rights.ts';
import { secretsLayer, secretsOf } from './secrets.ts';
import type { Settings } from './settings.ts';

/** The `functions` of `serverless.yml`. */
export function functionsOf(names: Names, settings: Settings): Record<string, object> {
  return Object.fromEntries(
    Object.entries(functionTable).map(([name, entry]) => [logicalName(name), functionOf(name, entry, names, settings)]),
  );
}

function functionOf(name: string, entry: FunctionRow, names: Names, settings: Settings): object {
  const layers = layersOf(entry, names, settings);
  return {
    name: `${names.prefix}-${name}`,
    description: entry.does,
    handler: 'index.handler',
    package: { artifact: `.build/${name}.zip` },
    memorySize: entry.memory,
    timeout: entry.timeout,
    ...(entry.disk === undefined ? {} : { ephemeralStorageSize: entry.disk }),
    role: `${logicalName(name)}Role`,
    environment: {
      ...(entry.alerts ? { TIDEMARK_ALERT_TOPIC: topicArn(names.topic) } : {}),
      ...(names.plan.vault.sealing === 'none' ? {} : { TIDEMARK_PASSPHRASE_SECRET: settings.passphraseSecret }),
    },
    ...(layers.length === 0 ? {} : { layers }),
    ...(entry.event ? { destinations: { onFailure: undelivered } } : {}),
    ...(entry.source === undefined ? {} : placeOf(settings)),
  };
}

const undelivered = { type: 'sqs', arn: arnOf('Undelivered') };

function layersOf(entry: FunctionRow, names: Names, settings: Settings): readonly string[] {
  const touchesSource = entry.source !== undefined;
  return [
    ...(secretsOf(touchesSource, names, settings).length > 0 ? [secretsLayer(names.vaults[0]!.region, settings)] : []),
    ...(touchesSource && settings.databaseTools !== undefined ? [settings.databaseTools] : []),
  ];
}

/** Where the sources are: their network and their file system. */
function placeOf({ network, fileSystem }: Settings): object {
  return {
    ...(network === undefined ? {} : { vpc: { subnetIds: network.subnets, securityGroupIds: network.securityGroups } }),
    ...(fileSystem === undefined
      ? {}
      : { fileSystemConfig: { arn: fileSystem.accessPoint, localMountPath: fileSystem.path } }),
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
            {
              PolicyName: 'tidemark',
              PolicyDocument: { Version: '2012-10-17', Statement: rightsOf(name, entry, names, settings) },
            },
          ],
        },
      },
    ]),
  );
}
