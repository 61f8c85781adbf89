/** The `logs` of databases that AWS runs: how far they can be restored to is watched, here and in the other region. */
import { expect, test } from 'vitest';
import { layout } from '../../src/format/layout.ts';
import { watchedSchema } from '../../src/operations/managed/watch-managed.ts';
import { told } from '../operations/small-machine.ts';
import { away, home, managedMachine } from './managed-machine.ts';

const quarter = 15 * 60_000;

test('a database whose logs stop being shipped is told of within half an hour, and so is the end of it', async () => {
  const { rds, succeed, clock, alerts } = await managedMachine({ copies: false });
  await clock.sleep(4 * quarter);
  await succeed('backup', { cadence: 'logs' });
  expect(told(alerts)).toEqual([]);
  rds.place(home).stall('node-network');
  await clock.sleep(2 * quarter);
  await succeed('backup', { cadence: 'logs' });
  expect(told(alerts)).toEqual([`open critical rds-window/primary/${home}/instance-node-network`]);
  expect(alerts[0]!.what).toContain('LatestRestorableTime');
  await clock.sleep(quarter);
  await succeed('backup', { cadence: 'logs' });
  expect(alerts).toHaveLength(1);
  rds.place(home).resume('node-network');
  await clock.sleep(quarter);
  await succeed('backup', { cadence: 'logs' });
  expect(told(alerts).at(-1)).toBe(`resolved critical rds-window/primary/${home}/instance-node-network`);
});

test('a database without automated backups is told of at once', async () => {
  const { succeed, alerts } = await managedMachine({
    copies: false,
    given: (rds) =>
      void rds
        .place(home)
        .addInstance({ DBInstanceIdentifier: 'node-network', Engine: 'postgres', BackupRetentionPeriod: 0 }),
  });
  await succeed('backup', { cadence: 'logs' });
  expect(told(alerts)).toEqual([`open critical rds-window/primary/${home}/instance-node-network`]);
  expect(alerts[0]!.what).toContain('automated backups are off');
});

test('replication of automated backups is started where it is not, once, and how far it reaches is recorded', async () => {
  const { rds, succeed, clock, alerts, vault, awayKey } = await managedMachine({
    source: `instance: node-network, copies: [{ region: ${away}, key: "arn:aws:kms:${away}:123456789012:key/away-key", pointInTime: 7 days }]`,
    copies: false,
  });
  await clock.sleep(4 * quarter);
  for (let look = 0; look < 12; look += 1) {
    await succeed('backup', { cadence: 'logs' }, `look-${look}`);
    await clock.sleep(quarter);
  }
  expect(rds.count('StartDBInstanceAutomatedBackupsReplication')).toBe(1);
  const watched = await (await vault()).objects.read(layout.watched('primary'), watchedSchema);
  const there = watched.windows.find(({ region }) => region === away);
  expect(there).toMatchObject({ database: 'instance/node-network', backup: expect.stringContaining(':auto-backup:') });
  expect(new Date(there!.latest!).getTime()).toBeGreaterThan(clock.now().getTime() - 5 * quarter);
  expect(awayKey).toContain(away);
  expect(told(alerts)).toEqual([]);
});

test('a look that fails is told as one, and does not speak of the snapshots', async () => {
  const { rds, run, succeed, clock, alerts } = await managedMachine({ copies: false });
  rds.inject({ operation: 'DescribeDBInstances', kind: 'error', code: 'AccessDenied', status: 403 });
  const { record } = await run('backup', { cadence: 'logs' });
  expect(record.status).toBe('FAILED');
  expect(told(alerts)).toEqual(['open warning logs/primary']);
  await clock.sleep(quarter);
  await succeed('backup', { cadence: 'logs' });
  expect(told(alerts).at(-1)).toBe('resolved warning logs/primary');
});

test('the sweep looks again when the last look was not long ago only if a slot has gone by', async () => {
  const { rds, succeed, clock } = await managedMachine({ copies: false, start: '2026-03-02T03:01:00Z' });
  await succeed('backup', { cadence: 'full' });
  await succeed('backup', { cadence: 'logs' });
  const looks = rds.count('DescribeDBInstances');
  const report = await succeed('backup', { due: true }, 'sweep-1');
  expect(report.jobs).toEqual([]);
  expect(rds.count('DescribeDBInstances')).toBe(looks);
  await clock.sleep(quarter);
  expect((await succeed('backup', { due: true }, 'sweep-2')).jobs).toMatchObject([{ source: 'primary' }]);
});
