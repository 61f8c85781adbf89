/** Workflows, functions and events together, with handlers in place of the real ones. */
import { beforeEach, expect, test, vi } from 'vitest';
import { functionNames, functions } from '../../functions/index.ts';
import { createRegion, type RegionOptions } from '../../local/region.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { type World, world } from '../workflow/world.ts';
import { given } from './given.ts';

let fake: World;

/** Every function answers as the given world does. */
function region(inside: World, options: Partial<RegionOptions> = {}) {
  for (const name of functionNames) {
    vi.spyOn(functions, name).mockResolvedValue({ handler: (event) => inside.call(name, event as Json) });
  }
  return createRegion({
    dependencies: given({ clock: new VirtualClock('2026-03-15T03:00:00Z') }).dependencies,
    ...options,
  });
}

beforeEach(() => {
  vi.restoreAllMocks();
  fake = world();
});

test('a run goes through the functions and comes back as a record', async () => {
  const invoked: string[] = [];
  const { run } = region(fake, { onInvocation: ({ functionName }) => invoked.push(functionName) });
  expect(await run('backup', { cadence: 'full' }, 'slot')).toMatchObject({
    status: 'SUCCEEDED',
    name: 'slot',
    output: { status: 'success' },
  });
  expect(invoked.length).toBe(fake.calls.length);
  expect(fake.callsOf('notice-failure')).toEqual([]);
});

test('a failed execution has reached notice-failure before the run comes back', async () => {
  fake = world({ failing: ({ name }) => (name === 'plan-backup' ? 'VaultMissing' : undefined) });
  const record = await region(fake).run('backup', {}, 'slot');
  expect(record).toMatchObject({ status: 'FAILED', error: 'VaultMissing' });
  expect(fake.callsOf('notice-failure')).toMatchObject([
    { source: 'aws.states', detail: { status: 'FAILED', name: 'slot', error: 'VaultMissing', cause: record.cause } },
  ]);
});

test('a run that has told its failure itself is told from outside too', async () => {
  fake = world({ failing: ({ name }) => (name === 'verify-snapshot' ? 'StoreDenied' : undefined) });
  await region(fake).run('backup', {});
  expect(fake.callsOf('notice-failure')).toMatchObject([{ detail: { error: 'RunFailed' } }]);
});

test('an event of the plan starts a backup', async () => {
  const made = region(fake);
  const [execution] = made.publish({
    version: '0',
    id: 'event-1',
    'detail-type': 'Configuration Change',
    source: 'tidemark',
    account: '000000000000',
    time: '2026-03-15T03:00:00Z',
    region: 'local',
    resources: [],
    detail: { source: 'data' },
  });
  expect(await execution!.ended).toMatchObject({ status: 'SUCCEEDED', name: 'event-1-change-tidemark' });
  expect(made.executions).toHaveLength(1);
});

test('an alert that nobody takes is told to whoever runs the region', async () => {
  const undelivered: string[] = [];
  fake = world({
    failing: ({ name }) => (['plan-backup', 'notice-failure'].includes(name) ? 'StoreDenied' : undefined),
  });
  await region(fake, { onUndelivered: (name) => undelivered.push(name) }).run('backup', {});
  expect(undelivered).toEqual(['notice-failure']);
});
