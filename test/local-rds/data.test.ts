/** Databases with a real PostgreSQL behind them: what was in the snapshot is what comes back. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { PostgresData } from '../../local/rds/postgres-data.ts';
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';
import { given, hours, minutes, refusal } from './given.ts';

const query = (url: string, text: string): Promise<unknown[]> =>
  withClient(parseConnection(url), async (client) => (await client.query(text)).rows as unknown[]);

test('a snapshot holds what was there; its copy comes back in the other region, and can be asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-rds-'));
  await chmod(folder, 0o755);
  const plane = new PostgresData(join(folder, 'data'));
  try {
    const { rds, west, central, clock } = await given({ dataPlane: plane });
    const { data, address, port } = await plane.create();
    rds
      .place('eu-west-1')
      .addInstance({ DBInstanceIdentifier: 'db1', data, Endpoint: { Address: address, Port: port } });
    const endpoint = async (client: RDSClient, id: string) => {
      const { DBInstances } = await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
      expect(DBInstances?.[0]).toMatchObject({ DBInstanceStatus: 'available', Endpoint: { Address: '127.0.0.1' } });
      return plane.urlAt(DBInstances?.[0]?.Endpoint?.Port ?? 0);
    };
    const source = await endpoint(west, 'db1');
    await query(source, "create table nodes as select n, 'before' as word from generate_series(1, 1000) n");
    await west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
    // The moment of a snapshot is that of the call: what is written while it is made is not in it.
    await query(source, "insert into nodes values (0, 'after')");
    await clock.sleep(minutes(20));
    const arn = 'arn:aws:rds:eu-west-1:123456789012:snapshot:s1';
    await central.send(
      new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: arn, TargetDBSnapshotIdentifier: 'c1' }),
    );
    await clock.sleep(hours(1));
    await central.send(
      new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier: 'drill', DBSnapshotIdentifier: 'c1' }),
    );
    await clock.sleep(hours(1));
    const restored = await endpoint(central, 'drill');
    expect(await query(restored, 'select word, count(*)::int from nodes group by 1')).toEqual([
      { word: 'before', count: 1000 },
    ]);
    await query(restored, 'drop table nodes');
    expect(await query(source, 'select count(*)::int from nodes')).toEqual([{ count: 1001 }]);

    const toPoint = (input: object) =>
      west.send(
        new RestoreDBInstanceToPointInTimeCommand({
          ...{ TargetDBInstanceIdentifier: 'latest', SourceDBInstanceIdentifier: 'db1' },
          ...input,
        }),
      );
    expect(await refusal(toPoint({ RestoreTime: new Date(clock.now().getTime() - hours(1)) }))).toMatch(
      /^NotImplemented/,
    );
    await toPoint({ UseLatestRestorableTime: true });
    await clock.sleep(hours(1));
    expect(await query(await endpoint(west, 'latest'), 'select count(*)::int from nodes')).toEqual([{ count: 1001 }]);

    await central.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'drill', SkipFinalSnapshot: true }));
    await clock.sleep(hours(1));
    await rds.settle();
    await expect(query(restored, 'select 1')).rejects.toThrow();
  } finally {
    await plane.close();
    await rm(folder, { recursive: true, force: true });
  }
});
