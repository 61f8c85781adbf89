/**
 * The engine alone, as a process of its own: the files source and a vault in a directory, without plan, workflow and
 * handlers. Beside the figures of the command line it shows what those cost, and it is what to profile:
 * `node --cpu-prof bench/engine.ts backup VAULT TREE`.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Clock, systemClock } from '../src/core/clock.ts';
import { noDeadline } from '../src/core/deadline.ts';
import { fail } from '../src/core/errors.ts';
import { snapshotId } from '../src/core/ids.ts';
import { createLog } from '../src/core/log.ts';
import { systemRandom } from '../src/core/random.ts';
import type { Snapshot } from '../src/format/snapshot.ts';
import { captureWith } from '../src/operations/crew/capture.ts';
import { Crew } from '../src/operations/crew/crew.ts';
import { examinersOf } from '../src/operations/crew/examine.ts';
import { filesSource } from '../src/sources/files/index.ts';
import type { CaptureContext, RestoreContext } from '../src/sources/port.ts';
import { directoryStore } from '../src/storage/directory.ts';
import { checkPack } from '../src/vault/check.ts';
import { Vault, vaultAt } from '../src/vault/vault.ts';
import type { BlobWriter } from '../src/vault/writer.ts';

const source = 'tree';
const clock: Clock = systemClock;
const log = createLog((line) => console.error(line), 'warn');

const workers = Number(process.env.TIDEMARK_BENCH_WORKERS ?? Math.min(8, availableParallelism()));
const crew = workers < 2 ? undefined : new Crew(workers, new URL('../src/operations/crew/start.js', import.meta.url));

async function openVault(place: string): Promise<Vault> {
  const store = directoryStore(place, { create: true });
  const secrets = { random: systemRandom };
  if ((await vaultAt(store)) === undefined) await Vault.create(store, 'none', clock.now(), secrets);
  return Vault.open(store, secrets);
}

async function backup(place: string, tree: string): Promise<unknown> {
  const vault = await openVault(place);
  const [parent] = await vault.snapshots.list(source);
  const time = clock.now();
  const files = filesSource({ path: tree, exclude: [], allowEmpty: false });
  const writer = await vault.writer();
  const context = await captureContext(vault, writer, parent);
  const results = [];
  for (const shard of await files.split(context)) {
    const outcome = await captureWith(crew, { source: files, shard, state: undefined, context, vault, writer });
    if (!outcome.done) return fail('Unexpected', 'a capture without a deadline stopped before its end');
    results.push(outcome.result);
  }
  const content = await files.combine(results, context);
  const { packs, stored } = await writer.finish();
  const snapshot: Snapshot = {
    format: 'tidemark-snapshot',
    version: 1,
    id: snapshotId(source, time, String(time.getTime())),
    source,
    kind: 'files',
    cadence: 'incremental',
    run: 'bench',
    time: time.toISOString(),
    ended: clock.now().toISOString(),
    root: content.root,
    totals: { ...content.totals, stored },
    problems: content.problems.slice(0, 10),
    problemCount: content.problems.length,
    ...(parent && { parent: parent.id }),
    details: { ...content.details },
    program: 'bench',
  };
  await vault.snapshots.commit(snapshot);
  return { snapshot: snapshot.id, ...snapshot.totals, packs: packs.length, problems: snapshot.problemCount };
}

async function captureContext(vault: Vault, sink: BlobWriter, parent: Snapshot | undefined): Promise<CaptureContext> {
  const reader = await vault.reader();
  const previous = parent && {
    ...parent,
    time: new Date(parent.time),
    tree: (id: string) => reader.tree(id),
  };
  return { sink, previous, cadence: 'incremental', revision: undefined, deadline: noDeadline, clock, log };
}

async function restore(place: string, target: string): Promise<unknown> {
  const vault = await openVault(place);
  const [snapshot] = await vault.snapshots.list(source);
  if (!snapshot) return fail('SnapshotMissing', `there is no snapshot in ${place}`);
  const { root, details } = snapshot;
  const reader = await vault.reader();
  const context: RestoreContext = {
    ...{ reader, root, details, target, paths: [], overwrite: false },
    ...{ deadline: noDeadline, clock, log },
  };
  const files = filesSource({ path: target, exclude: [], allowEmpty: true });
  await files.checkTarget(context);
  const outcome = await files.restore(undefined, context);
  return outcome.done ? { ...outcome.restored, problems: outcome.problems.length } : fail('Unexpected', 'not finished');
}

async function verify(place: string): Promise<unknown> {
  const vault = await openVault(place);
  let bytes = 0;
  const { packs } = await vault.index();
  const examiners = examinersOf(crew, vault);
  const checks: ReturnType<typeof checkPack>[] = [];
  for (let at = 0; at < packs.length; at += 1) {
    while (checks.length < examiners.atOnce && at + checks.length < packs.length) {
      checks.push(checkPack(vault, packs[at + checks.length]!.id, examiners.examine));
    }
    const checked = await checks.shift()!;
    if (checked.finding) fail('VaultDamaged', `${checked.finding.object}: ${checked.finding.detail}`);
    bytes += checked.bytes;
  }
  examiners.close();
  return { packs: packs.length, bytes };
}

const { positionals } = parseArgs({ allowPositionals: true });
const [verb, vault, place = ''] = positionals;
const verbs = { backup, restore, verify } as const;
const chosen = verbs[verb as keyof typeof verbs];
if (chosen === undefined || vault === undefined) {
  fail('UsageInvalid', 'usage: node bench/engine.ts backup VAULT TREE | restore VAULT TARGET | verify VAULT');
}
console.log(JSON.stringify(await chosen(vault, place)));
