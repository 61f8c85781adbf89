/** One failing job never stops the others and always fails the run: every state is made to fail in turn. */
import { describe, expect, test } from 'vitest';
import { definitionOf, functionIn, tasksIn } from './definitions.ts';
import { type Call, type Payload, world } from './world.ts';

/** Functions that work for one job, vault or rehearsal: those inside the map. */
const inside = (workflow: string): string[] =>
  tasksIn(definitionOf(workflow))
    .filter(({ maps }) => maps.length > 0)
    .map(({ state }) => functionIn(state));

/** Jobs of a kind that comes to this function. */
const jobsFor = (name: string) => ({
  job: () =>
    name === 'watch-managed' ? { kind: 'rds', cadence: 'logs' } : name.endsWith('-managed') ? { kind: 'rds' } : {},
});

const denied = (functionName: string, isMine: (input: Payload) => boolean) => ({
  failing: ({ name, input }: Call) => (name === functionName && isMine(input) ? 'StoreDenied' : undefined),
});

const statusesIn = (results: readonly Payload[]) => results.map(({ status }) => status);

describe('A4: a map whose items catch their errors has succeeded, so the function that concludes decides', () => {
  test.each(inside('backup'))('backup: %s fails for one source', async (name) => {
    const { run, callsOf } = world({
      ...denied(name, (input) => (input.job?.source ?? input.source) === 'b'),
      ...jobsFor(name),
    });
    const record = await run('backup');

    expect(record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(record.cause).toContain('run-1');
    expect(callsOf('conclude-run')).toHaveLength(1);
    const { jobs } = callsOf('conclude-run')[0];
    expect(jobs.map(({ source, status }: Payload) => `${source} ${status}`)).toEqual([
      'a success',
      'b failure',
      'c success',
    ]);
    expect(jobs[1].error.Error).toBe('StoreDenied');
    expect(JSON.parse(jobs[1].error.Cause)).toMatchObject({
      errorType: 'StoreDenied',
      errorMessage: `${name} said so`,
    });
    const early = ['watch-managed', 'take-managed', 'split-job', 'capture-shard', 'commit-snapshot'];
    const committed = !early.includes(name);
    expect(jobs[1].snapshot).toBe(committed ? 'b.1' : undefined);
  });

  test.each(inside('prune').filter((name) => name !== 'delete-managed'))(
    'prune: %s fails for one vault',
    async (name) => {
      const { run, callsOf } = world(denied(name, ({ vault }) => vault === 1));
      expect(await run('prune')).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
      const { vaults, managed } = callsOf('conclude-prune')[0];
      expect(statusesIn(vaults)).toEqual(['success', 'failure']);
      expect(vaults[1]).toMatchObject({ vault: 1, error: { Error: 'StoreDenied' } });
      expect(managed).toEqual([{ region: 'eu-west-1', status: 'success', deleted: 1, spared: 0 }]);
    },
  );

  test('prune: delete-managed fails for one region', async () => {
    const { run, callsOf } = world(denied('delete-managed', () => true));
    expect(await run('prune')).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    const { vaults, managed } = callsOf('conclude-prune')[0];
    expect(statusesIn(vaults)).toEqual(['success', 'success']);
    expect(managed).toMatchObject([{ region: 'eu-west-1', status: 'failure', error: { Error: 'StoreDenied' } }]);
  });

  test.each(inside('verify'))('verify: %s fails for one vault', async (name) => {
    const { run, callsOf } = world(denied(name, ({ vault }) => vault === 1));
    expect(await run('verify')).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    const { vaults } = callsOf('conclude-verify')[0];
    expect(statusesIn(vaults)).toEqual(['success', 'failure', 'success']);
    expect(vaults[1]).toMatchObject({ vault: 1, error: { Error: 'StoreDenied' } });
  });

  test.each(inside('drill'))('drill: %s fails for one source', async (name) => {
    const mine = (input: Payload): boolean => JSON.stringify(input).match(/"source":"b"|drill-1\/b\//) !== null;
    const { run, callsOf } = world(denied(name, mine));
    const record = await run('drill');
    expect(record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    const { items } = callsOf('conclude-drill')[0];
    expect(statusesIn(items)).toEqual(['success', 'failure', 'success']);
    expect(items[1]).toMatchObject({ source: 'b', error: { Error: 'StoreDenied' } });
    // Whatever happened, the scratch place is emptied.
    expect(callsOf('discard-drill').filter(mine).length).toBeGreaterThan(0);
  });
});

describe('all is well', () => {
  test.each(['backup', 'prune', 'verify', 'drill'])('%s succeeds with its report', async (workflow) => {
    const managed: Record<string, object> = { b: { kind: 'rds' }, c: { kind: 'rds', cadence: 'logs' } };
    const { run, calls } = world({ job: (source) => managed[source] ?? {} });
    const record = await run(workflow, { source: 'a', target: '/restored' });
    expect(record, record.cause).toMatchObject({ status: 'SUCCEEDED', output: { status: 'success' } });
    const functions = new Set(tasksIn(definitionOf(workflow)).map(({ state }) => functionIn(state)));
    expect(new Set(calls.map(({ name }) => name))).toEqual(functions);
  });
});

describe('what cannot be told job by job', () => {
  test.each([
    ['backup', 'plan-backup', 'PlanInvalid'],
    ['prune', 'plan-prune', 'PruneRefused'],
    ['verify', 'plan-verify', 'VaultMissing'],
    ['drill', 'plan-drill', 'VaultMissing'],
    ['backup', 'conclude-run', 'StoreDenied'],
    ['drill', 'conclude-drill', 'StoreDenied'],
  ])('%s: an error of %s ends the execution under its own name', async (workflow, functionName, error) => {
    const { run } = world({ failing: ({ name }) => (name === functionName ? error : undefined) });
    expect(await run(workflow)).toMatchObject({ status: 'FAILED', error });
  });

  test('a child execution that breaks a limit of the service fails the run, and is not taken for a job without jobs', async () => {
    const huge = 'x'.repeat(300_000);
    const { run, callsOf } = world({ answers: { 'split-job': ({ job }) => ({ job, shards: [huge] }) } });
    expect(await run('backup')).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(callsOf('conclude-run')).toEqual([]);
  });

  test('a run of no jobs is concluded too', async () => {
    const { run, callsOf } = world({ sources: [] });
    expect(await run('backup')).toMatchObject({ status: 'SUCCEEDED' });
    expect(callsOf('conclude-run')[0].jobs).toEqual([]);
  });
});
