/**
 * Every function of the workflows as a few lines that answer with the payloads they promise, so that the state machines can
 * be run without anything behind them. A world remembers what was called, and can be told to let a call fail.
 */
import { functionOf } from '../../functions/index.ts';
import { createEngine, type Engine, type ExecutionEvent, type ExecutionRecord } from '../../local/engine.ts';
import { StateFailure } from '../../local/failure.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { Json } from '../../src/core/json.ts';
import { seededRandom } from '../../src/core/random.ts';

// biome-ignore lint/suspicious/noExplicitAny: payloads of any shape pass through here
export type Payload = any;

export interface Call {
  readonly name: string;
  readonly input: Payload;
}

export interface World {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly calls: readonly Call[];
  readonly events: readonly ExecutionEvent[];
  readonly statuses: readonly ExecutionRecord[];
  call(name: string, input: Json): Promise<Json>;
  callsOf(name: string): readonly Payload[];
  run(workflow: string, input?: Json, name?: string): Promise<ExecutionRecord>;
}

export interface WorldOptions {
  /** Error name with which this call fails; `undefined` lets it through. */
  readonly failing?: (call: Call) => string | undefined;
  readonly answers?: Record<string, (input: Payload) => Payload>;
  readonly sources?: readonly string[];
  /** What a source's job is, beyond a full one of files. */
  readonly job?: (source: string) => Payload;
  readonly definitions?: URL;
}

export function world({
  failing = () => undefined,
  answers = {},
  sources = ['a', 'b', 'c'],
  job = () => ({}),
  definitions,
}: WorldOptions = {}): World {
  const calls: Call[] = [];
  const events: ExecutionEvent[] = [];
  const statuses: ExecutionRecord[] = [];
  const clock = new VirtualClock('2026-03-15T03:00:00.000Z');
  const known: Record<string, (input: Payload) => Payload> = { ...answersFor(sources, job), ...answers };
  const call = async (name: string, input: Json): Promise<Json> => {
    calls.push({ name, input });
    const error = failing({ name, input });
    if (error !== undefined) {
      throw new StateFailure(error, JSON.stringify({ errorType: error, errorMessage: `${name} said so`, trace: [] }));
    }
    return JSON.parse(JSON.stringify((await known[name]!(input)) ?? null));
  };
  const engine = createEngine({
    clock,
    random: seededRandom(7),
    functionOf: (substitution) => functionOf(substitution) ?? (substitution in known ? substitution : undefined),
    ...(definitions && { definitions }),
    onEvent: (event) => events.push(event),
    onStatus: (record) => statuses.push(record),
    call,
  });
  return {
    engine,
    clock,
    calls,
    events,
    statuses,
    call,
    callsOf: (name) => calls.filter((call) => call.name === name).map((call) => call.input),
    run: (workflow, input = {}, name) => engine.start(workflow, input, name).ended,
  };
}

/** Shards of two turns each, two replicas of two batches each: enough to go through every state. */
function answersFor(
  sources: readonly string[],
  job: (source: string) => Payload,
): Record<string, (input: Payload) => Payload> {
  const run = 'run-1';
  const jobOf = (source: string) => ({
    run,
    time: '2026-03-15T03:00:00.000Z',
    cadence: 'full',
    source,
    kind: 'files',
    ...job(source),
  });
  const turn = (input: Payload) => ({ cursor: (input.cursor ?? 0) + 1, done: (input.cursor ?? 0) >= 1 });
  const verdict = (results: readonly Payload[]) =>
    results.every(({ status }) => status === 'success') ? 'success' : 'failure';
  const ids = (input: Payload) => ({ prune: input.prune, vault: input.vault, hash: input.hash });
  return {
    'plan-backup': (input) => ({ run, cadence: 'full', time: input.started, jobs: sources.map(jobOf) }),
    'watch-managed': ({ job }) => ({ source: job.source, watched: 1, behind: 0 }),
    'take-managed': ({ job, turn }) => ({ job, done: turn > 2, wait: 30, turn: turn + 1 }),
    'copy-managed': ({ job, snapshot, turn }) => ({ job, snapshot, done: turn > 2, wait: 60, turn: turn + 1 }),
    'split-job': ({ job }) => ({ job, shards: [0, 1].map((shard) => ({ job, shard, of: 2 })) }),
    'capture-shard': (input) => ({
      job: input.job,
      shard: input.shard,
      of: input.of,
      ...turn(input),
      files: 3,
      bytes: 30,
    }),
    'commit-snapshot': ({ job, shards }) => ({
      job,
      snapshot: `${job.source}.1`,
      files: shards * 3,
      bytes: { read: 60, stored: 6 },
      problems: 0,
      replicas: [1, 2].map((vault) => ({ job, snapshot: `${job.source}.1`, vault })),
    }),
    'verify-snapshot': ({ snapshot }) => ({ snapshot, trust: 'complete', packs: 1, bytes: 6 }),
    'plan-replication': ({ job, snapshot, vault }) => ({
      job,
      snapshot,
      vault,
      batches: [0, 1].map((batch) => ({ run, source: job.source, snapshot, vault, batch })),
    }),
    'replicate-packs': () => ({ packs: 1, bytes: 3 }),
    'commit-replica': ({ vault, snapshot }) => ({ vault, snapshot }),
    'conclude-run': (input) => ({ run, status: verdict(input.jobs), jobs: input.jobs }),
    'plan-prune': ({ dryRun = false }) => ({
      prune: 'prune-1',
      dryRun,
      vaults: dryRun ? [] : [0, 1].map((vault) => ({ prune: 'prune-1', vault, hash: 'h' })),
      managed: dryRun ? [] : [{ prune: 'prune-1', region: 'eu-west-1', hash: 'h' }],
      keep: 5,
      delete: 2,
    }),
    'delete-snapshots': (input) => ({ ...ids(input), deleted: 2 }),
    'repack-packs': (input) => ({ ...ids(input), ...turn(input), packs: 2, bytes: 200 }),
    'mark-garbage': (input) => ({ ...ids(input), marked: 4 }),
    'collect-garbage': (input) => ({ ...ids(input), packs: 3, bytes: 300 }),
    'delete-managed': ({ prune, region, hash }) => ({ prune, region, hash, deleted: 1, spared: 0 }),
    'conclude-prune': ({ vaults, managed }) => ({
      status: verdict([...vaults, ...managed]),
      deleted: 2,
      collected: { packs: 3, bytes: 300 },
    }),
    'plan-verify': () => ({ verify: 'verify-1', vaults: [0, 1, 2].map((vault) => ({ verify: 'verify-1', vault })) }),
    'check-vault': ({ verify, vault }) => ({
      verify,
      vault,
      batches: [0, 1].map((batch) => ({ verify, vault, batch })),
      findings: 0,
    }),
    'verify-packs': (input) => ({
      verify: input.verify,
      vault: input.vault,
      batch: input.batch,
      ...turn(input),
      packs: 5,
      bytes: 500,
      findings: 0,
    }),
    'conclude-verify': ({ vaults }) => ({ status: verdict(vaults), findings: [], read: { packs: 30, bytes: 3000 } }),
    'plan-restore': ({ source, target, vault = 0, execution }) => ({
      restore: {
        id: `restore-${execution}`,
        source,
        kind: 'files',
        snapshot: `${source}.1`,
        time: '2026-03-14T03:00:00.000Z',
        target,
        vault,
      },
      shards: [0, 1].map((shard) => ({ restore: `restore-${execution}`, shard })),
    }),
    'check-restore': ({ restore }) => ({ restore, packs: 2, bytes: 60 }),
    'restore-shard': (input) => ({
      restore: input.restore,
      shard: input.shard,
      vault: input.vault,
      ...turn(input),
      files: 3,
      bytes: 30,
    }),
    'validate-restore': () => ({ checked: { files: 6 }, problems: 0 }),
    'conclude-restore': (input) => ({
      status: input.error || input.validation.problems > 0 ? 'failure' : 'success',
      snapshot: input.restore.snapshot,
      restored: { files: 6, bytes: 60 },
      durationMs: 5,
    }),
    'plan-drill': () => ({
      drill: 'drill-1',
      items: sources.map((source) => ({ drill: 'drill-1', source, vault: 1, target: `/scratch/${source}` })),
    }),
    'discard-drill': () => ({ discarded: true }),
    'conclude-drill': ({ items }) => ({ status: verdict(items), drills: items }),
    'notice-failure': () => ({ alerted: true }),
  };
}
