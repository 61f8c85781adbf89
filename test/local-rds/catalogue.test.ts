/** What is there besides databases and snapshots: groups, versions, quotas, events, exports. */
import {
  CancelExportTaskCommand,
  CreateDBSnapshotCommand,
  DescribeAccountAttributesCommand,
  DescribeDBClusterParametersCommand,
  DescribeDBEngineVersionsCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBParametersCommand,
  DescribeDBSubnetGroupsCommand,
  DescribeEventsCommand,
  DescribeExportTasksCommand,
  DescribeOptionGroupsCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  paginateDescribeDBParameters,
  StartExportTaskCommand,
  type StartExportTaskCommandInput,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { type Given, given, hours, minutes, refusal } from './given.ts';

describe('groups', () => {
  test('parameters come in pages; those that the group sets are of the user', async () => {
    const { rds, west } = await given();
    rds.place('eu-west-1').addParameterGroup('tuned', 'postgres16', { work_mem: '65536', max_connections: '500' });
    const names = new Set<string | undefined>();
    let pages = 0;
    for await (const { Parameters } of paginateDescribeDBParameters(
      { client: west },
      { DBParameterGroupName: 'tuned' },
    )) {
      pages += 1;
      for (const { ParameterName } of Parameters ?? []) names.add(ParameterName);
    }
    expect(pages).toBe(2);
    expect(names.size).toBeGreaterThan(120);
    const set = await west.send(new DescribeDBParametersCommand({ DBParameterGroupName: 'tuned', Source: 'user' }));
    expect(set.Parameters).toMatchObject([
      { ParameterName: 'max_connections', ParameterValue: '500', ApplyMethod: 'pending-reboot' },
      { ParameterName: 'work_mem', ParameterValue: '65536', ApplyMethod: 'immediate' },
    ]);
  });

  test('default ones are there without being made; others are not', async () => {
    const { west } = await given();
    const found = await west.send(new DescribeDBParameterGroupsCommand({ DBParameterGroupName: 'default.postgres16' }));
    expect(found.DBParameterGroups?.[0]?.DBParameterGroupFamily).toBe('postgres16');
    const missing = { DBParameterGroupName: 'mine', DBClusterParameterGroupName: 'mine' };
    expect(await refusal(west.send(new DescribeDBParameterGroupsCommand(missing)))).toMatch(
      /^DBParameterGroupNotFound/,
    );
    expect(await refusal(west.send(new DescribeDBClusterParametersCommand(missing)))).toMatch(
      /^DBParameterGroupNotFoundFault/,
    );
    expect(await refusal(west.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: 'mine' })))).toMatch(
      /^DBSubnetGroupNotFoundFault/,
    );
  });

  test('subnet groups have a network, option groups have options', async () => {
    const { rds, west } = await given();
    rds.place('eu-west-1').addSubnetGroup('inner', 'vpc-inner');
    rds
      .place('eu-west-1')
      .addOptionGroup('audited', 'mysql', '8.0', [
        { OptionName: 'MARIADB_AUDIT_PLUGIN', OptionSettings: [{ Name: 'SERVER_AUDIT_EVENTS', Value: 'CONNECT' }] },
      ]);
    const subnets = await west.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: 'inner' }));
    expect(subnets.DBSubnetGroups?.[0]).toMatchObject({ VpcId: 'vpc-inner', SubnetGroupStatus: 'Complete' });
    expect(subnets.DBSubnetGroups?.[0]?.Subnets).toHaveLength(3);
    const options = await west.send(new DescribeOptionGroupsCommand({ OptionGroupName: 'audited' }));
    expect(options.OptionGroupsList?.[0]?.Options?.[0]?.OptionSettings?.[0]?.Value).toBe('CONNECT');
    const standard = await west.send(new DescribeOptionGroupsCommand({ OptionGroupName: 'default:mysql-8-0' }));
    expect(standard.OptionGroupsList?.[0]).toMatchObject({
      EngineName: 'mysql',
      MajorEngineVersion: '8.0',
      Options: [],
    });
  });
});

test('a version can be withdrawn in one region', async () => {
  const { rds, west, central } = await given();
  rds.place('eu-central-1').withdraw('postgres', '16.3');
  const versions = async (client: typeof west) =>
    (await client.send(new DescribeDBEngineVersionsCommand({ Engine: 'postgres', EngineVersion: '16.3' })))
      .DBEngineVersions?.length;
  expect([await versions(west), await versions(central)]).toEqual([1, 0]);
  const classes = await west.send(
    new DescribeOrderableDBInstanceOptionsCommand({
      Engine: 'postgres',
      EngineVersion: '16.3',
      DBInstanceClass: 'db.m7g.large',
    }),
  );
  expect(classes.OrderableDBInstanceOptions).toHaveLength(1);
});

test('quotas say how much of them is used, manual snapshots only', async () => {
  const { rds, west, clock } = await given();
  rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1' });
  await west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 'a', DBInstanceIdentifier: 'db1' }));
  await clock.sleep(hours(30));
  const { AccountQuotas } = await west.send(new DescribeAccountAttributesCommand({}));
  const quota = (name: string) => AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === name);
  expect(quota('ManualSnapshots')).toMatchObject({ Used: 1, Max: 100 });
  expect(quota('DBInstances')).toMatchObject({ Used: 1, Max: 40 });
});

describe('events', () => {
  test('tell what happened in the last hour, and nothing of a snapshot that failed', async () => {
    const { rds, west, clock } = await given();
    rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1' });
    const heard: string[] = [];
    rds.onEvent(({ id, SourceIdentifier }) => heard.push(`${id} ${SourceIdentifier}`));
    const make = (id: string) =>
      west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: id, DBInstanceIdentifier: 'db1' }));
    await make('a');
    await clock.sleep(minutes(20));
    rds.inject({ process: 'snapshot', kind: 'fails' });
    await make('b');
    await clock.sleep(minutes(20));
    const { Events } = await west.send(new DescribeEventsCommand({ SourceType: 'db-snapshot' }));
    expect(Events?.map(({ SourceIdentifier, Message }) => `${SourceIdentifier}: ${Message}`)).toEqual([
      'a: Creating manual snapshot',
      'a: Manual snapshot created',
      'b: Creating manual snapshot',
    ]);
    expect(heard).toEqual(['RDS-EVENT-0040 a', 'RDS-EVENT-0042 a', 'RDS-EVENT-0040 b']);
    await clock.sleep(hours(1));
    expect((await west.send(new DescribeEventsCommand({ SourceType: 'db-snapshot' }))).Events).toEqual([]);
    const day = await west.send(new DescribeEventsCommand({ Duration: 1440, SourceType: 'db-snapshot' }));
    expect(day.Events).toHaveLength(3);
  });
});

describe('exports', () => {
  async function withSnapshot(): Promise<Given> {
    const all = await given();
    all.rds.place('eu-west-1').addKey('own');
    all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1', AllocatedStorage: 60 });
    await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
    await all.clock.sleep(minutes(20));
    return all;
  }
  const input = {
    ExportTaskIdentifier: 'e1',
    SourceArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:s1',
    S3BucketName: 'exports',
    S3Prefix: 'db1/',
    IamRoleArn: 'arn:aws:iam::123456789012:role/export',
    KmsKeyId: 'own',
  };
  const begin = ({ west }: Given, more: Partial<StartExportTaskCommandInput> = {}) =>
    west.send(new StartExportTaskCommand({ ...input, ...more }));
  const look = async ({ west }: Given) =>
    (await west.send(new DescribeExportTasksCommand({ ExportTaskIdentifier: 'e1' }))).ExportTasks?.[0];

  test('start, go on, and are complete', async () => {
    const all = await withSnapshot();
    expect((await begin(all)).Status).toBe('STARTING');
    await all.clock.sleep(minutes(10));
    expect((await look(all))?.Status).toBe('IN_PROGRESS');
    await all.clock.sleep(hours(2));
    expect(await look(all)).toMatchObject({ Status: 'COMPLETE', PercentProgress: 100, TotalExtractedDataInGB: 60 });
  });

  test('can fail, with a cause', async () => {
    const all = await withSnapshot();
    all.rds.inject({ process: 'export', kind: 'fails' });
    await begin(all);
    await all.clock.sleep(hours(2));
    expect(await look(all)).toMatchObject({ Status: 'FAILED', FailureCause: 'An internal error occurred' });
  });

  test('can be cancelled, once', async () => {
    const all = await withSnapshot();
    await begin(all);
    const cancel = () => all.west.send(new CancelExportTaskCommand({ ExportTaskIdentifier: 'e1' }));
    expect((await cancel()).Status).toBe('CANCELING');
    await all.clock.sleep(hours(2));
    expect((await look(all))?.Status).toBe('CANCELED');
    expect(await refusal(cancel())).toMatch(/^InvalidExportTaskStateFault/);
  });

  test.each([
    [{ SourceArn: 'arn:aws:rds:eu-central-1:123456789012:snapshot:s1' }, /^DBSnapshotNotFoundFault/],
    [{ SourceArn: 'arn:aws:rds:eu-west-1:123456789012:db:db1' }, /^InvalidParameterValue/],
    [{ KmsKeyId: 'alias/aws/rds' }, /^KMSKeyNotAccessibleFault/],
    [{ IamRoleArn: 'export' }, /^IamRoleNotFoundFault/],
    [{ ExportTaskIdentifier: 'e 1' }, /^InvalidParameterValue/],
  ])('with %j are refused', async (more, said) => {
    expect(await refusal(begin(await withSnapshot(), more))).toMatch(said);
  });

  test('never have the same name twice, even after the end', async () => {
    const all = await withSnapshot();
    await begin(all);
    await all.clock.sleep(hours(2));
    expect(await refusal(begin(all))).toMatch(/^ExportTaskAlreadyExistsFault/);
  });
});
