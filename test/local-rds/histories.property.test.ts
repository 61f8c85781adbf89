/**
 * Random histories over two regions and two accounts with trouble of every kind: whatever is asked, in whatever order, these
 * things hold after each step. A failure prints the seed.
 */
import {
  CopyDBClusterSnapshotCommand,
  CopyDBSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DeleteDBSnapshotCommand,
  ModifyDBInstanceCommand,
  ModifyDBSnapshotAttributeCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  StartDBInstanceAutomatedBackupsReplicationCommand,
} from '@aws-sdk/client-rds';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latestRestorable } from '../../local/rds/records/instance.ts';
import type { Snapshot } from '../../local/rds/records/snapshot.ts';
import { type Given, given, minutes } from './given.ts';

const quotas = { manualSnapshots: 6, copies: 2, instances: 8 };
const regions = ['eu-west-1', 'eu-central-1'] as const;
const accounts = ['123456789012', '999999999999'];

const small = fc.nat({ max: 3 });
const name = fc.nat({ max: 4 });
const far = fc.boolean();
const other = fc.nat({ max: 4 }).map((drawn) => drawn === 0);
/** Much is made and copied, little is renamed or ended, and time passes in steps shorter than a copy. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('create' as const), name, of: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('create-cluster' as const), name, of: fc.constant(0) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('copy' as const), name, to: fc.nat({ max: 9 }), far, other }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('copy-cluster' as const), name, to: fc.nat({ max: 9 }), far, other }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name: fc.nat({ max: 9 }), far }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('share' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), of: small, to: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), name, to: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), of: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replicate' as const), of: small }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 12 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take({ west, central, other, clock }: Given, next: Step): Promise<void> {
  const arn = (kind: string, name: string) => `arn:aws:rds:eu-west-1:123456789012:${kind}:${name}`;
  const caller = (far: boolean, theirs: boolean) =>
    theirs ? other(far ? 'eu-central-1' : 'eu-west-1') : far ? central : west;
  switch (next.kind) {
    case 'create':
      await west.send(
        new CreateDBSnapshotCommand({ DBSnapshotIdentifier: `s${next.name}`, DBInstanceIdentifier: `db${next.of}` }),
      );
      return;
    case 'create-cluster': {
      const input = { DBClusterSnapshotIdentifier: `s${next.name}`, DBClusterIdentifier: `c${next.of}` };
      await west.send(new CreateDBClusterSnapshotCommand(input));
      return;
    }
    case 'copy': {
      const input = {
        SourceDBSnapshotIdentifier: arn('snapshot', `s${next.name}`),
        TargetDBSnapshotIdentifier: `s${next.to}`,
      };
      await caller(next.far, next.other).send(new CopyDBSnapshotCommand(input));
      return;
    }
    case 'copy-cluster': {
      const input = {
        SourceDBClusterSnapshotIdentifier: arn('cluster-snapshot', `s${next.name}`),
        TargetDBClusterSnapshotIdentifier: `s${next.to}`,
      };
      await caller(next.far, next.other).send(new CopyDBClusterSnapshotCommand(input));
      return;
    }
    case 'delete':
      await caller(next.far, false).send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: `s${next.name}` }));
      return;
    case 'share': {
      const input = { AttributeName: 'restore', ValuesToAdd: ['999999999999'], DBSnapshotIdentifier: `s${next.name}` };
      await west.send(new ModifyDBSnapshotAttributeCommand(input));
      return;
    }
    case 'rename': {
      const input = {
        NewDBInstanceIdentifier: `db${next.to}`,
        DBInstanceIdentifier: `db${next.of}`,
        ApplyImmediately: true,
      };
      await west.send(new ModifyDBInstanceCommand(input));
      return;
    }
    case 'restore': {
      const input = { DBInstanceIdentifier: `db${next.to}`, DBSnapshotIdentifier: `s${next.name}` };
      await west.send(new RestoreDBInstanceFromDBSnapshotCommand(input));
      return;
    }
    case 'end':
      await west.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: `db${next.of}`, SkipFinalSnapshot: true }));
      return;
    case 'replicate':
      await central.send(
        new StartDBInstanceAutomatedBackupsReplicationCommand({ SourceDBInstanceArn: arn('db', `db${next.of}`) }),
      );
      return;
    case 'wait':
      await clock.sleep(minutes(next.minutes));
  }
}

/** What was seen of a snapshot, which does not change any more. */
const seen = new WeakMap<
  Snapshot,
  { created: number | undefined; original: number | undefined; percent: number; status: string }
>();

function holds({ rds, clock }: Given): void {
  const now = clock.now();
  for (const region of regions) {
    for (const account of accounts) {
      const { place } = rds.place(region, account);
      const all: Snapshot[] = [...place.snapshots.instance.values(), ...place.snapshots.cluster.values()];
      for (const kind of ['instance', 'cluster'] as const) {
        const manual = [...place.snapshots[kind].values()].filter(({ SnapshotType }) => SnapshotType === 'manual');
        if (kind === 'instance') expect(manual.length).toBeLessThanOrEqual(quotas.manualSnapshots);
        const running = manual.filter((one) => one.Status === 'copying' && one.process !== undefined);
        expect(new Set(running.map(({ resourceId }) => resourceId)).size, 'one copy at a time of each source').toBe(
          running.length,
        );
      }
      const copying = all.filter(
        (one) => one.Status === 'copying' && one.copyFrom !== undefined && one.copyFrom !== region,
      );
      expect(copying.length).toBeLessThanOrEqual(quotas.copies);
      expect(place.instances.size).toBeLessThanOrEqual(quotas.instances);
      for (const one of all) {
        const key = `${one.arn} ${one.resourceId}`;
        const created = one.SnapshotCreateTime?.getTime();
        const original = one.originalCreateTime?.getTime();
        const before = seen.get(one);
        if (one.Status === 'available') expect(created, `${key} is available without a time`).toBeDefined();
        if (created !== undefined) expect(created).toBeLessThanOrEqual(now.getTime());
        if (created !== undefined && original !== undefined) expect(original).toBeLessThanOrEqual(created);
        if (before?.created !== undefined) expect(created, key).toBe(before.created);
        if (before?.original !== undefined) expect(original, key).toBe(before.original);
        const percent = one.process?.percent(now) ?? one.PercentProgress ?? 0;
        expect(percent).toBeLessThanOrEqual(100);
        if (before !== undefined && one.Status === before.status)
          expect(percent, key).toBeGreaterThanOrEqual(before.percent);
        if (one.process !== undefined) expect(['creating', 'copying', 'deleting']).toContain(one.Status);
        seen.set(one, { created, original, percent, status: one.Status });
      }
      for (const [id, one] of place.instances) {
        expect(one.DBInstanceIdentifier).toBe(id);
        expect(one.DBInstanceArn).toBe(place.arn('db', id));
        const latest = latestRestorable(one, now);
        if (latest !== undefined) expect(latest.getTime()).toBeLessThanOrEqual(now.getTime());
      }
    }
  }
}

test('whatever is asked in whatever order: quotas, times, progress and names hold', async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 120 }), fc.integer(), async (steps, seed) => {
      const all = await given({
        seed,
        quotas,
        chances: {
          ...{ seed, throttled: 0.05, lostAnswer: 0.05, dropped: 0.02, unavailable: 0.02 },
          fails: {
            snapshot: 0.1,
            copy: 0.2,
            restore: 0.2,
            modify: 0.1,
            rename: 0.1,
            'delete-snapshot': 0.1,
            delete: 0.1,
            replication: 0.2,
          },
          ...{ stuck: { snapshot: 0.02, copy: 0.05 }, slow: { copy: 0.1 } },
        },
      });
      for (const id of ['db0', 'db1', 'db2'])
        all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: id, AllocatedStorage: 100 });
      all.rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c0', instances: 0 });
      for (const next of steps) {
        await take(all, next).catch(() => {});
        await all.rds.settle();
        holds(all);
      }
      made += all.rds.transitions.filter(({ to, from }) => to === 'available' && from !== undefined).length;
      const broken = all.rds.requests.filter(
        ({ outcome }) => outcome === 'NotImplemented' || outcome === 'InternalFailure',
      );
      expect(broken).toEqual([]);
      await all.rds.close();
    }),
    { numRuns: 20, seed: 20_260_302 },
  );
  expect(made, 'histories in which much happens').toBeGreaterThan(100);
});
