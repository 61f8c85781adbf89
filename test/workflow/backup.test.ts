/** The backup workflow: what travels from state to state, and where each way leads. */
import { describe, expect, test } from 'vitest';
import { type Payload, world } from './world.ts';

test('the plan is given the name and the time of the execution, whatever the input says of them', async () => {
  const { run, callsOf } = world();
  await run('backup', { cadence: 'full', execution: 'forged', started: 'forged' }, 'full-20260315T030000Z');
  expect(callsOf('plan-backup')).toEqual([
    { cadence: 'full', execution: 'full-20260315T030000Z', started: '2026-03-15T03:00:00.000Z' },
  ]);
});

test('a shard goes on from its cursor until it is done, and gets its own input back and no more', async () => {
  const { run, callsOf } = world({
    sources: ['a'],
    answers: {
      'capture-shard': (input: Payload) => ({
        ...input,
        cursor: (input.cursor ?? 0) + 1,
        done: input.cursor === 4,
        files: 1,
        bytes: 1,
      }),
    },
  });
  expect(await run('backup')).toMatchObject({ status: 'SUCCEEDED' });
  const turns = callsOf('capture-shard').filter(({ shard }) => shard === 1);
  expect(turns.map(({ cursor }) => cursor)).toEqual([undefined, 1, 2, 3, 4]);
  expect(Object.keys(turns[0])).toEqual(['job', 'shard', 'of']);
  expect(Object.keys(turns[1])).toEqual(['job', 'shard', 'of', 'cursor']);
});

test('B13: a shard that never ends is ended after 200 turns', async () => {
  const { run, callsOf } = world({
    sources: ['a'],
    answers: {
      'split-job': ({ job }) => ({ job, shards: [{ job, shard: 0, of: 1 }] }),
      'capture-shard': (input: Payload) => ({ ...input, cursor: 1, done: false, files: 0, bytes: 0 }),
    },
  });
  expect(await run('backup')).toMatchObject({ status: 'FAILED' });
  expect(callsOf('capture-shard')).toHaveLength(200);
  expect(callsOf('conclude-run')[0].jobs[0].error).toMatchObject({
    Error: 'DeadlineExceeded',
    Cause: expect.stringContaining('200 times'),
  });
});

test('D6: the longest job stays within the 25,000 events of an execution', () => {
  // A task makes 5 events, a choice and a pass 2 each; a job runs at most 10 shards at once, for two days of 15 minutes.
  const turns = ((2 * 24 * 60) / 15) * 10;
  expect(turns * (5 + 2 + 2)).toBeLessThan(25_000);
});

test('a version that is in the vault already is not captured again', async () => {
  const adopted = { snapshot: 'a.0', files: 7, bytes: { read: 0, stored: 0 }, problems: 0 };
  const { run, callsOf } = world({
    sources: ['a'],
    answers: {
      'split-job': ({ job }) => ({ job, adopt: 'a.0', shards: [] }),
      'commit-snapshot': ({ job }) => ({ job, ...adopted, replicas: [{ job, snapshot: 'a.0', vault: 1 }] }),
    },
  });
  expect(await run('backup')).toMatchObject({ status: 'SUCCEEDED' });
  expect(callsOf('capture-shard')).toEqual([]);
  expect(callsOf('commit-snapshot')).toMatchObject([{ shards: 0 }]);
  expect(callsOf('verify-snapshot')).toMatchObject([{ snapshot: 'a.0' }]);
  expect(callsOf('commit-replica')).toMatchObject([{ snapshot: 'a.0', vault: 1 }]);
  expect(callsOf('conclude-run')[0].jobs).toEqual([{ source: 'a', status: 'success', ...adopted }]);
});

test('an empty source has no shards and still gets its snapshot', async () => {
  const { run, callsOf } = world({
    sources: ['a'],
    answers: { 'split-job': ({ job }) => ({ job, shards: [] }) },
  });
  expect(await run('backup')).toMatchObject({ status: 'SUCCEEDED' });
  expect(callsOf('commit-snapshot')[0].shards).toBe(0);
});

test('the job result carries numbers, and the suspicion when there is one', async () => {
  const suspicious = {
    snapshot: 'a.1',
    files: 0,
    bytes: { read: 0, stored: 1 },
    problems: 3,
    suspicion: 'it is empty',
    replicas: [],
  };
  const { run, callsOf } = world({
    sources: ['a'],
    answers: { 'commit-snapshot': ({ job }) => ({ job, ...suspicious }) },
  });
  await run('backup');
  const { replicas: _, ...told } = suspicious;
  expect(callsOf('conclude-run')[0].jobs).toEqual([{ source: 'a', status: 'success', ...told }]);
});

describe('replicas', () => {
  const failing = (vaults: readonly number[]) => ({
    sources: ['a'],
    failing: ({ name, input }: { name: string; input: Payload }) =>
      name === 'plan-replication' && vaults.includes(input.vault) ? 'StoreDenied' : undefined,
  });

  test.each([[[1]], [[2]], [[1, 2]]])(
    'vault %j fails: the others get the snapshot, and the job is a failure',
    async (vaults) => {
      const { run, callsOf } = world(failing(vaults));
      expect(await run('backup')).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
      expect(callsOf('commit-replica').map(({ vault }) => vault)).toEqual(
        [1, 2].filter((vault) => !vaults.includes(vault)),
      );
      expect(callsOf('conclude-run')[0].jobs).toMatchObject([
        { status: 'failure', snapshot: 'a.1', error: { Error: 'StoreDenied' } },
      ]);
    },
  );

  test('a plan without replicas is no failure', async () => {
    const commit = ({ job }: Payload) => ({
      job,
      snapshot: 'a.1',
      files: 1,
      bytes: { read: 1, stored: 1 },
      problems: 0,
      replicas: [],
    });
    const { run } = world({ answers: { 'commit-snapshot': commit } });
    expect(await run('backup')).toMatchObject({ status: 'SUCCEEDED' });
  });
});
