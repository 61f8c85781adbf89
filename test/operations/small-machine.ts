/**
 * Tidemark on one machine with a virtual clock: a few files and a small repository, a vault and its replica in folders, the
 * deployed workflows, and every alert that was sent. Stores and sources can be wrapped, to let something go wrong.
 */
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import git from 'isomorphic-git';
import { onTestFinished } from 'vitest';
import type { ExecutionRecord } from '../../local/engine.ts';
import type { Invocation } from '../../local/invoke.ts';
import { openMachine } from '../../local/machine.ts';
import { createRegion, type Region } from '../../local/region.ts';
import type { Alert } from '../../src/alerts/port.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { createVaults } from '../../src/operations/vaults.ts';
import { type Plan, parsePlan } from '../../src/plan/index.ts';
import type { Source } from '../../src/sources/port.ts';
import { directoryStore } from '../../src/storage/directory.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import type { Vault } from '../../src/vault/vault.ts';

// biome-ignore lint/suspicious/noExplicitAny: reports of any workflow
export type Report = any;

export interface MachineWishes {
  /** Lines of the plan after its vault; two sources, `data` and `configuration`, unless told otherwise. */
  readonly sources?: readonly string[];
  readonly retention?: string;
  readonly replicas?: number;
  readonly start?: string;
  /** One that something else goes by too. */
  readonly clock?: VirtualClock;
  readonly store?: (store: ObjectStore, vault: number) => ObjectStore;
  readonly source?: (source: Source, id: string) => Source;
  readonly timeout?: (functionName: string) => number;
}

export interface SmallMachine {
  readonly folder: string;
  readonly data: string;
  readonly repository: string;
  readonly plan: Plan;
  readonly clock: VirtualClock;
  readonly region: Region;
  readonly context: OperationContext;
  readonly alerts: Alert[];
  readonly invocations: Invocation[];
  readonly places: readonly string[];
  vault(number?: number): Promise<Vault>;
  /** Moves the clock, unless it is there already. */
  at(time: string): void;
  run(workflow: string, input?: Json, name?: string): Promise<{ record: ExecutionRecord; report: Report }>;
  /** Insists on success and returns the report. */
  succeed(workflow: string, input?: Json, name?: string): Promise<Report>;
}

/** Alerts in short: `open critical backup/data`. */
export const told = (alerts: readonly Alert[]): string[] =>
  alerts.map(({ state, severity, trouble }) => `${state} ${severity} ${trouble}`);

export async function smallMachine(wishes: MachineWishes = {}): Promise<SmallMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-operations-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [data, repository] = [join(folder, 'data'), join(folder, 'repository')];
  const places = [
    join(folder, 'vault'),
    ...Array.from({ length: wishes.replicas ?? 1 }, (_, at) => join(folder, `replica-${at + 1}`)),
  ];
  writeTree(data, { 'notes/one.txt': 'one', 'notes/two.txt': 'two', 'big.bin': seededRandom(3).bytes(300_000) });
  await commit(repository, { 'nodes.yml': 'nodes: 3\n', 'access/roles.json': '{}\n' });
  const plan = planOf(folder, places, wishes);
  const clock = wishes.clock ?? new VirtualClock(wishes.start ?? '2026-03-01T02:00:00Z');
  const machine = await openMachine({ plan, clock, create: true, write: () => {}, scratch: join(folder, 'scratch') });
  const alerts: Alert[] = [];
  const invocations: Invocation[] = [];
  const random = seededRandom(11);
  const { store = same, source = same } = wishes;
  // what a power cut would do is not asked here, so nothing waits for the disk
  const stores = places.map((path, number) => store(directoryStore(path, { create: true, sync: false }), number));
  const dependencies = {
    ...machine.dependencies,
    random,
    vaults: createVaults(stores, 'none', clock, { random }),
    source: (id: string) => source(machine.dependencies.source(id), id),
    alerts: { name: 'remembered', send: async (alert: Alert) => void alerts.push(alert) },
  };
  const region = createRegion({
    dependencies,
    concurrency: 2,
    onInvocation: (invocation) => invocations.push(invocation),
    ...(wishes.timeout && { timeoutMilliseconds: wishes.timeout }),
  });
  const run: SmallMachine['run'] = async (workflow, input = {}, name) => {
    const record = await region.run(workflow, input, name);
    return { record, report: record.output ?? record.report };
  };
  return {
    folder,
    data,
    repository,
    plan,
    clock,
    region,
    context: { ...machine.context, ...dependencies },
    alerts,
    invocations,
    places,
    vault: (number = 0) => dependencies.vaults.open(number),
    at(time) {
      if (clock.now() < new Date(time)) clock.moveTo(time);
    },
    run,
    async succeed(workflow, input, name) {
      const { record, report } = await run(workflow, input, name);
      if (record.status === 'SUCCEEDED') return report;
      throw new Error(`${workflow} ${record.status}: ${record.error}: ${record.cause} ${JSON.stringify(report)}`);
    },
  };
}

function planOf(folder: string, places: readonly string[], { sources, retention }: MachineWishes): Plan {
  const [primary, ...replicas] = places.map((directory) => `{ directory: ${directory} }`);
  const lines = [
    'plan: small',
    'timeZone: UTC',
    `vault: { primary: ${primary}${replicas.length > 0 ? `, replicas: [${replicas.join(', ')}]` : ''}, sealing: none }`,
    'sources:',
    ...(
      sources ?? [
        `- { id: data, kind: files, path: ${join(folder, 'data')} }`,
        `- { id: configuration, kind: git, repository: ${join(folder, 'repository')}, ref: main }`,
      ]
    ).map((line) => `  ${line.replaceAll('$FOLDER', folder)}`),
    'cadences: { full: weekly on sunday at 03:00, incremental: daily at 02:00, logs: never, change: on event }',
    `retention: ${retention ?? '{ daily: 7 days, weekly: 4 weeks, atLeast: 3 }'}`,
  ];
  return parsePlan(lines.join('\n'), 'backup-plan.yml', { folder });
}

const same = <T>(one: T): T => one;

export function writeTree(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Adds to the repository, which is made when it is not there; returns the commit. */
export async function commit(dir: string, files: Readonly<Record<string, string>>): Promise<string> {
  if (!existsSync(dir)) await git.init({ fs, dir, defaultBranch: 'main' });
  writeTree(dir, files);
  for (const filepath of Object.keys(files)) await git.add({ fs, dir, filepath });
  const author = { name: 'Ada', email: 'ada@example.org', timestamp: 1_773_000_000, timezoneOffset: 0 };
  return git.commit({ fs, dir, message: 'Change\n', author });
}

/** Paths below, sorted; folders left out. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export const packsBelow = (vault: string): string[] => filesBelow(join(vault, 'packs'));

export const idsOf = async (vault: Vault, source?: string): Promise<string[]> =>
  (await vault.snapshots.list(source)).map(({ id }) => id);
