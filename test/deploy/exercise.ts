/**
 * Months of Tidemark under the packaged policies: backups, a change, damage and its repair, restores, a drill, prunes until
 * packs are collected, a failing source. Each function has a process's worth of its own things and stores that refuse what
 * IAM would refuse it.
 */
import { mkdirSync, mkdtempSync, promises, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as git from 'isomorphic-git';
import { sources } from '../../functions/dependencies/sources.ts';
import { functionOf } from '../../functions/index.ts';
import { createEngine } from '../../local/engine.ts';
import { createInvoker, type Invoke } from '../../local/invoke.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { silentLog } from '../../src/core/log.ts';
import { seededRandom } from '../../src/core/random.ts';
import { createVaults } from '../../src/operations/vaults.ts';
import { parsePlan } from '../../src/plan/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { guarded } from './guard.ts';
import { root } from './packaging.ts';
import type { Stacks } from './stacks.ts';

export interface Exercise {
  readonly used: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
  /** What each step came to: `backup 1: SUCCEEDED`. */
  readonly steps: readonly string[];
}

const day = 24 * 60 * 60 * 1000;

export async function exercise(stacks: Stacks): Promise<Exercise> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-exercise-'));
  try {
    return await lifeIn(folder, stacks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function lifeIn(folder: string, stacks: Stacks): Promise<Exercise> {
  const [used, refused, steps] = [new Set<string>(), new Set<string>(), [] as string[]];
  const clock = new VirtualClock('2026-01-01T02:00:00.000Z');
  const random = seededRandom(11);
  const stores = [memoryStore({ clock }), memoryStore({ clock })];
  const plan = parsePlan(
    `
plan: exercise
timeZone: UTC
vault: { primary: { directory: /nowhere/vault }, replicas: [{ directory: /nowhere/replica }], sealing: none }
sources:
  - { id: data, kind: files, path: ${folder}/data }
  - { id: configuration, kind: git, repository: ${folder}/configuration, ref: main }
retention: { daily: 2 days, atLeast: 1 }
`,
    'backup-plan.yml',
  );

  const processes = new Map<string, Invoke>();
  const call = (functionName: string, input: Json): Promise<Json> => {
    const own = processes.get(functionName) ?? startProcess(functionName);
    processes.set(functionName, own);
    return own(functionName, input);
  };
  const startProcess = (functionName: string): Invoke => {
    const guards = stores.map((store, vault) =>
      guarded(store, {
        stacks,
        functionName,
        vault,
        use: (what) => used.add(what),
        refuse: (what) => refused.add(what),
      }),
    );
    const dependencies = {
      plan,
      vaults: createVaults(guards, 'none', clock, { random }),
      clock,
      random,
      log: silentLog,
      alerts: { name: 'nobody', send: async () => {} },
      scratch: join(folder, 'scratch'),
      ...sources(plan, async (name) => name),
    };
    return createInvoker({ clock, random, dependencies });
  };
  const engine = createEngine({ clock, random, call, functionOf });
  const run = async (workflow: string, input: Json = {}): Promise<void> => {
    const { status, error = '' } = await engine.start(workflow, input).ended;
    steps.push(`${workflow}: ${status} ${error}`.trim());
  };

  const write = (name: string, size: number): void => writeFileSync(join(folder, 'data', name), random.bytes(size));
  mkdirSync(join(folder, 'data'));
  mkdirSync(join(folder, 'scratch'));
  write('kept', 50_000);
  write('changing', 50_000);
  await commit(folder, 'one');

  await run('backup', { cadence: 'full' });
  for (let night = 0; night < 4; night += 1) {
    await clock.sleep(day);
    write('changing', 50_000);
    await run('backup', { cadence: 'incremental' });
  }
  const revision = await commit(folder, 'two');
  const changed = JSON.parse(readFileSync(join(root, 'events/change-tidemark.json'), 'utf8')) as {
    [key: string]: Json;
  };
  await run('backup', { cadence: 'change', event: { ...changed, detail: { source: 'configuration', revision } } });

  await run('verify');
  for (const vault of [0, 1]) {
    for (const prefix of ['packs/', 'index/', 'snapshots/']) {
      await damage(stores[vault]!, prefix);
      await run('verify', { readAll: true });
    }
  }

  await run('restore', { source: 'data', target: join(folder, 'restored') });
  await run('restore', { source: 'data', target: join(folder, 'again'), vault: 1 });
  await run('drill');

  // Retention lets go, what only the old snapshots needed becomes garbage, and is collected after its grace.
  for (let week = 0; week < 6; week += 1) {
    await clock.sleep(10 * day);
    write('changing', 50_000);
    await run('backup', { cadence: 'full' });
    await run('verify', { readAll: true });
    await run('prune');
  }
  await run('prune', { dryRun: true });

  renameSync(join(folder, 'data'), join(folder, 'lost'));
  await run('backup', { cadence: 'full' });
  renameSync(join(folder, 'lost'), join(folder, 'data'));
  await run('backup', { cadence: 'full' });
  for (const sample of ['failed', 'timed-out', 'aborted']) {
    await call('notice-failure', JSON.parse(readFileSync(join(root, `events/execution-${sample}.json`), 'utf8')));
  }
  return { used, refused, steps };
}

async function commit(folder: string, text: string): Promise<string> {
  const dir = join(folder, 'configuration');
  const fs = { promises };
  await git.init({ fs, dir, defaultBranch: 'main' });
  writeFileSync(join(dir, 'settings'), text);
  await git.add({ fs, dir, filepath: 'settings' });
  const author = { name: 'An operator', email: 'operator@example.com', timestamp: 1_767_225_600, timezoneOffset: 0 };
  return git.commit({ fs, dir, message: text, author });
}

/** One object under the prefix loses its last byte, behind everybody's back. */
async function damage(store: ReturnType<typeof memoryStore>, prefix: string): Promise<void> {
  for await (const { key } of store.list(prefix)) {
    const bytes = await store.get(key);
    await store.put(key, bytes.subarray(0, -1));
    return;
  }
}
