/** The restore and drill workflows, the prune preview, and what a verification hands on. */
import { describe, expect, test } from 'vitest';
import { definitionOf, functionIn, tasksIn } from './definitions.ts';
import { type Payload, world } from './world.ts';

const asked = { source: 'a', target: '/restored', paths: ['docs'], overwrite: false };

describe('restore', () => {
  test('what the operator says reaches the plan, and the report is the output', async () => {
    const { run, callsOf } = world();
    const record = await run('restore', asked, 'by-hand');
    expect(callsOf('plan-restore')).toEqual([{ ...asked, execution: 'by-hand', started: '2026-03-15T03:00:00.000Z' }]);
    expect(record).toMatchObject({ status: 'SUCCEEDED', output: { status: 'success', snapshot: 'a.1' } });
    expect(callsOf('conclude-restore')[0]).toMatchObject({
      restore: { id: 'restore-by-hand' },
      shards: [{ shard: 0, files: 3, bytes: 30 }, { shard: 1 }],
      validation: { problems: 0 },
    });
  });

  test('a shard is told its vault and goes on from its cursor', async () => {
    const { run, callsOf } = world();
    await run('restore', { ...asked, vault: 1 }, 'r');
    expect(callsOf('restore-shard').filter(({ shard }) => shard === 0)).toEqual([
      { restore: 'restore-r', shard: 0, vault: 1 },
      { restore: 'restore-r', shard: 0, vault: 1, cursor: 1 },
    ]);
  });

  const afterThePlan = tasksIn(definitionOf('restore'))
    .map(({ state }) => functionIn(state))
    .filter((name) => !/^(plan|conclude)-/.test(name));

  test.each(afterThePlan)(
    'when %s fails it is concluded first, and then fails under the same name',
    async (functionName) => {
      const { run, callsOf } = world({ failing: ({ name }) => (name === functionName ? 'TargetNotEmpty' : undefined) });
      const record = await run('restore', asked);
      expect(record).toMatchObject({
        status: 'FAILED',
        error: 'TargetNotEmpty',
        cause: expect.stringContaining('said so'),
      });
      expect(callsOf('conclude-restore')).toMatchObject([
        { restore: { source: 'a' }, error: { Error: 'TargetNotEmpty' } },
      ]);
    },
  );

  test('nothing is written when what would be read is not sound', async () => {
    const { run, callsOf } = world({ failing: ({ name }) => (name === 'check-restore' ? 'ObjectMissing' : undefined) });
    await run('restore', asked);
    expect(callsOf('restore-shard')).toEqual([]);
  });

  test('a wrong question ends at once: nothing has happened that could be concluded', async () => {
    const { run, callsOf } = world({
      failing: ({ name }) => (name === 'plan-restore' ? 'RestorePointMissing' : undefined),
    });
    expect(await run('restore', asked)).toMatchObject({ status: 'FAILED', error: 'RestorePointMissing' });
    expect(callsOf('conclude-restore')).toEqual([]);
  });

  test('A9: a restore that brought back something else fails', async () => {
    const { run, callsOf } = world({ answers: { 'validate-restore': () => ({ checked: { files: 6 }, problems: 1 }) } });
    expect(await run('restore', asked)).toMatchObject({ status: 'FAILED', error: 'ValidationFailed' });
    expect(callsOf('conclude-restore')).toHaveLength(1);
  });
});

describe('drill', () => {
  test('rehearses as an operator would restore, and says what was proven', async () => {
    const { run, callsOf } = world({ sources: ['a'] });
    await run('drill');
    expect(callsOf('plan-restore')).toEqual([
      { source: 'a', vault: 1, target: '/scratch/a', execution: 'drill-1/a/1', started: '2026-03-15T03:00:00.000Z' },
    ]);
    expect(callsOf('conclude-drill')[0].items).toMatchObject([
      { source: 'a', vault: 1, status: 'success', snapshot: 'a.1' },
    ]);
  });

  test('the scratch place is emptied knowing the item, the restore and the error as far as they are known', async () => {
    const item = { drill: 'drill-1', source: 'a', vault: 1, target: '/scratch/a' };
    const discarded = async (failing?: string): Promise<Payload> => {
      const { run, callsOf } = world({
        sources: ['a'],
        failing: ({ name }) => (name === failing ? 'StoreDenied' : undefined),
      });
      await run('drill');
      return callsOf('discard-drill')[0];
    };
    expect(await discarded()).toMatchObject({ ...item, restore: { snapshot: 'a.1', target: '/scratch/a' } });
    expect(await discarded('restore-shard')).toMatchObject({
      ...item,
      restore: { snapshot: 'a.1' },
      error: { Error: 'StoreDenied' },
    });
    expect((await discarded('plan-restore')).restore).toBeUndefined();
  });

  test('a rehearsal that brought back something else is a failure, and is thrown away too', async () => {
    const { run, callsOf } = world({
      sources: ['a'],
      answers: { 'validate-restore': () => ({ checked: {}, problems: 2 }) },
    });
    expect(await run('drill')).toMatchObject({ status: 'FAILED' });
    expect(callsOf('conclude-drill')[0].items).toMatchObject([
      { status: 'failure', error: { Error: 'ValidationFailed' } },
    ]);
    expect(callsOf('discard-drill')).toHaveLength(1);
  });

  test('when both the rehearsal and the cleaning up fail, the rehearsal is what is told', async () => {
    const errors: Record<string, string> = { 'restore-shard': 'VaultKeyWrong', 'discard-drill': 'StoreDenied' };
    const { run, callsOf } = world({ sources: ['a'], failing: ({ name }) => errors[name] });
    await run('drill');
    expect(callsOf('conclude-drill')[0].items[0].error.Error).toBe('VaultKeyWrong');
  });
});

describe('prune', () => {
  test('a dry run is the plan without the rest', async () => {
    const { run, calls } = world();
    expect(await run('prune', { dryRun: true })).toMatchObject({ status: 'SUCCEEDED' });
    expect(calls.map(({ name }) => name)).toEqual(['plan-prune', 'conclude-prune']);
    expect(calls[1]!.input).toEqual({ prune: 'prune-1', dryRun: true, managed: [], vaults: [] });
  });

  test('snapshots go before what they reach: each vault in this order', async () => {
    const { run, calls } = world();
    await run('prune');
    const of = (vault: number) => calls.filter(({ input }) => input.vault === vault).map(({ name }) => name);
    for (const vault of [0, 1])
      expect([...new Set(of(vault))]).toEqual(['delete-snapshots', 'repack-packs', 'mark-garbage', 'collect-garbage']);
  });

  test('B13: repacking goes on from its cursor; one that never ends, or cannot, keeps nothing from being collected', async () => {
    const { run, callsOf } = world();
    await run('prune');
    const cursors = callsOf('repack-packs').flatMap(({ vault, cursor }) => (vault === 0 ? [cursor] : []));
    expect(cursors.length).toBeGreaterThan(1);
    expect(cursors).toEqual([undefined, ...cursors.slice(1).map((_, at) => at + 1)]);
    expect(callsOf('conclude-prune')[0].vaults[0].repacked).toEqual({ packs: 2, bytes: 200 });

    const full = world({ failing: ({ name }) => (name === 'repack-packs' ? 'StoreFull' : undefined) });
    await full.run('prune');
    expect(full.callsOf('collect-garbage')).toHaveLength(2);
    const [result] = full.callsOf('conclude-prune')[0].vaults;
    expect(result).toMatchObject({ status: 'failure', error: { Error: 'StoreFull' }, collected: { packs: 3 } });
  });

  test('when snapshots could not be deleted, nothing of that vault is marked or collected', async () => {
    const { run, callsOf } = world({
      failing: ({ name, input }) => (name === 'delete-snapshots' && input.vault === 0 ? 'PruneRefused' : undefined),
    });
    await run('prune');
    expect([...callsOf('mark-garbage'), ...callsOf('collect-garbage')].map(({ vault }) => vault)).toEqual([1, 1]);
  });
});

test('verify: a batch goes on from its cursor, and its numbers reach the conclusion', async () => {
  const { run, callsOf } = world();
  await run('verify', { readAll: true }, 'v');
  expect(callsOf('plan-verify')).toEqual([{ readAll: true, execution: 'v', started: '2026-03-15T03:00:00.000Z' }]);
  expect(callsOf('verify-packs').filter(({ vault, batch }) => vault === 0 && batch === 1)).toEqual([
    { verify: 'verify-1', vault: 0, batch: 1 },
    { verify: 'verify-1', vault: 0, batch: 1, cursor: 1 },
  ]);
  const { vaults } = callsOf('conclude-verify')[0] as Payload;
  expect(vaults[2]).toEqual({
    vault: 2,
    status: 'success',
    findings: 0,
    batches: [
      { packs: 5, bytes: 500, findings: 0 },
      { packs: 5, bytes: 500, findings: 0 },
    ],
  });
});
