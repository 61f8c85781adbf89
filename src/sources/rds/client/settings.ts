/**
 * What a restore would forget: values of parameter and option groups, subnets, members. Only values that somebody set are
 * kept (the others come with the engine), as a group's name alone says nothing once the group is changed or gone.
 */
import {
  DescribeDBClusterParametersCommand,
  DescribeDBParametersCommand,
  DescribeDBSubnetGroupsCommand,
  DescribeOptionGroupsCommand,
  type Parameter,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { Json } from '../../../core/json.ts';
import type { Database } from '../port.ts';
import { allPages } from './client.ts';
import { findDatabase, plain } from './databases.ts';

export async function settingsOf(
  client: RDSClient,
  region: string,
  database: Database,
): Promise<Readonly<Record<string, Json>>> {
  const files: Record<string, Json> = { 'database.json': database.about };
  const instances = database.kind === 'instance' ? [database] : await membersOf(client, region, database);
  if (database.kind === 'cluster') files['members.json'] = instances.map(({ about }) => about);

  const parameters: Record<string, Json> = {};
  const group = textIn(database.about, 'DBClusterParameterGroup');
  if (group !== undefined) parameters[group] = { cluster: true, values: await clusterValues(client, group) };
  for (const name of namesIn(instances, 'DBParameterGroups', 'DBParameterGroupName')) {
    parameters[name] = { cluster: false, values: await instanceValues(client, name) };
  }
  files['parameters.json'] = parameters;

  const options: Record<string, Json> = {};
  for (const name of namesIn(instances, 'OptionGroupMemberships', 'OptionGroupName')) {
    const [found] = await allPages(
      (Marker) => client.send(new DescribeOptionGroupsCommand({ OptionGroupName: name, Marker })),
      (answer) => answer.OptionGroupsList,
      `read the option group ${name}`,
    );
    if (found) options[name] = plain(found);
  }
  files['options.json'] = options;

  const subnets: Record<string, Json> = {};
  for (const name of subnetGroupsOf([database, ...instances])) {
    const [found] = await allPages(
      (Marker) => client.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: name, Marker })),
      (answer) => answer.DBSubnetGroups,
      `read the subnet group ${name}`,
    );
    if (found) subnets[name] = plain(found);
  }
  files['subnets.json'] = subnets;
  return files;
}

async function membersOf(client: RDSClient, region: string, { members }: Database): Promise<Database[]> {
  const found: Database[] = [];
  for (const id of members) {
    const member = await findDatabase(client, region, 'instance', id);
    if (member) found.push(member);
  }
  return found;
}

async function instanceValues(client: RDSClient, name: string): Promise<Json> {
  return valuesOf(
    await allPages(
      (Marker) => client.send(new DescribeDBParametersCommand({ DBParameterGroupName: name, Source: 'user', Marker })),
      (answer) => answer.Parameters,
      `read the parameter group ${name}`,
    ),
  );
}

async function clusterValues(client: RDSClient, name: string): Promise<Json> {
  return valuesOf(
    await allPages(
      (Marker) =>
        client.send(
          new DescribeDBClusterParametersCommand({ DBClusterParameterGroupName: name, Source: 'user', Marker }),
        ),
      (answer) => answer.Parameters,
      `read the cluster parameter group ${name}`,
    ),
  );
}

function valuesOf(parameters: readonly Parameter[]): Json {
  return Object.fromEntries(
    parameters.flatMap(({ ParameterName, ParameterValue }) =>
      ParameterName === undefined || ParameterValue === undefined ? [] : [[ParameterName, ParameterValue]],
    ),
  );
}

function textIn(about: Readonly<Record<string, Json>>, key: string): string | undefined {
  const value = about[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function namesIn(databases: readonly Database[], list: string, name: string): string[] {
  const names = databases.flatMap(({ about }) => {
    const items = about[list];
    return Array.isArray(items) ? items.flatMap((item) => textIn(item as Record<string, Json>, name) ?? []) : [];
  });
  return [...new Set(names)].sort();
}

/** An instance says the whole group, a cluster only its name. */
function subnetGroupsOf(databases: readonly Database[]): string[] {
  const names = databases.flatMap(({ about }) => {
    const group = about.DBSubnetGroup;
    if (typeof group === 'string') return group === '' ? [] : [group];
    return textIn((group ?? {}) as Record<string, Json>, 'DBSubnetGroupName') ?? [];
  });
  return [...new Set(names)].sort();
}
