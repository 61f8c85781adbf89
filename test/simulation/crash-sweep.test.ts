/**
 * Every workflow dies after each of its calls to a store in turn: one function, which the state machine then tries again, or
 * all of it, and it is started anew. What it leaves behind in the end is what it leaves without that.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { layout } from '../../src/format/layout.ts';
import { warmUp } from './history.ts';
import { policies } from './judge/promise.ts';
import { Chance } from './world/chance.ts';
import { calm } from './world/climate.ts';
import { World } from './world/world.ts';

beforeAll(warmUp);

type Holdings = World['holdings'];

interface Case {
  readonly workflow: string;
  readonly input: Json;
  /** Brings the vaults to where the workflow has something to do. */
  readonly before: (world: World) => Promise<void>;
}

const day = 86_400_000;
const start = '2026-03-05T02:00:00Z';

function worldOf(holdings?: Holdings, later = 0): World {
  return new World({
    chance: new Chance(17),
    climate: calm,
    policy: policies[1]!,
    sources: ['data'],
    replicas: 1,
    founded: true,
    start: new Date(Date.parse(start) + later).toISOString(),
    ...(holdings && { holdings }),
  });
}

const run = async (world: World, workflow: string, input: Json, name: string) => {
  const record = await world.engine.start(workflow, input, name).ended;
  await world.bus.settled();
  return record;
};

async function backUp(world: World, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    expect((await run(world, 'backup', {}, `before-${time}`)).status).toBe('SUCCEEDED');
    world.origins.get('data')!.change(world.timeline.now);
    await world.timeline.wait(day);
  }
}

/** Four days of backups, of which two days are promised; what went with the first prune is marked. */
async function prunedOnce(world: World): Promise<void> {
  await backUp(world, 5);
  expect((await run(world, 'prune', {}, 'before')).status).toBe('SUCCEEDED');
  await backUp(world, 0);
  await world.timeline.wait(day);
  expect((await run(world, 'backup', {}, 'between')).status).toBe('SUCCEEDED');
}

async function spoiled(world: World): Promise<void> {
  await backUp(world, 2);
  const [flipped, lost] = world.media[0]!.keys(layout.packs);
  const bytes = Buffer.from(world.media[0]!.objects.get(flipped!)!.bytes);
  bytes[40] = bytes[40]! ^ 1;
  world.media[0]!.set(flipped!, { bytes, modified: world.timeline.now }, undefined);
  world.media[0]!.set(lost!, undefined, undefined);
}

const cases: Record<string, Case> = {
  'a first backup': { workflow: 'backup', input: { cadence: 'full' }, before: async () => {} },
  'a backup of what has changed': { workflow: 'backup', input: {}, before: (world) => backUp(world, 2) },
  'a prune that deletes, marks and collects': { workflow: 'prune', input: {}, before: prunedOnce },
  'a verification that repairs': { workflow: 'verify', input: { readAll: true }, before: spoiled },
  'a restore': {
    workflow: 'restore',
    input: { source: 'data', target: '/target' },
    before: (world) => backUp(world, 2),
  },
};

/** What can be restored from where, whatever it is called, and what was restored; packs that are gone, and those that are bad. */
function endOf({ judge, targets }: World): object {
  return {
    vaults: judge.shelves.map((shelf) => ({
      contents: [...new Set([...shelf.snapshots.values()].map(({ root }) => root))].sort(),
      good: [
        ...new Set([...shelf.snapshots.values()].filter((one) => shelf.isGood(one)).map(({ root }) => root)),
      ].sort(),
      lacks: [...shelf.snapshots.values()].flatMap((snapshot) => shelf.lacks(snapshot)),
      bad: [...shelf.packs].filter(([, sound]) => !sound),
      indexedAndGone: [...shelf.segments.values()].flatMap((packs) =>
        [...packs.keys()].filter((pack) => !shelf.packs.has(pack)),
      ),
    })),
    targets: [...targets].map(([target, files]) => [target, [...files].sort()]),
    wrong: judge.violations.map(({ message }) => message),
  };
}

/** The workflow, dying at its `call`-th call; without `call`, not at all. Returns how it ended and how many calls it made. */
async function lived(one: Case, from: Holdings, later: number, call?: number, wholly = false) {
  const world = worldOf(from, later);
  let calls = 0;
  world.weather.watcher = () => {
    calls += 1;
    if (call === undefined || calls < call) return undefined;
    return calls === call ? 'after' : wholly ? 'before' : undefined;
  };
  const live = async (): Promise<void> => {
    const first = await run(world, one.workflow, one.input, 'first');
    world.weather.watcher = undefined;
    if (first.status !== 'SUCCEEDED') {
      await world.timeline.wait(60_000);
      expect((await run(world, one.workflow, one.input, 'second')).status).toBe('SUCCEEDED');
    }
  };
  await world.timeline.until(live());
  const end = endOf(world);
  await world.close();
  return { end, calls };
}

const ways = [
  ['one function dies and is tried again', false],
  ['all of it dies and is started anew', true],
] as const;

describe.each(Object.entries(cases))('%s', (_title, one) => {
  let from: Holdings;
  let later: number;
  let undisturbed: Awaited<ReturnType<typeof lived>>;

  beforeAll(async () => {
    const world = worldOf();
    await world.timeline.until(one.before(world));
    from = world.holdings;
    later = world.timeline.now - Date.parse(start);
    await world.close();
    undisturbed = await lived(one, from, later);
    expect(undisturbed.end).toMatchObject({ wrong: [] });
    expect(undisturbed.calls).toBeGreaterThan(20);
  });

  test.each(ways)('%s, after each call in turn', { timeout: 300_000 }, async (_how, wholly) => {
    for (let call = 1; call <= undisturbed.calls; call += 1) {
      const { end } = await lived(one, from, later, call, wholly);
      expect(end, `after call ${call} of ${undisturbed.calls}`).toEqual(undisturbed.end);
    }
  });
});
