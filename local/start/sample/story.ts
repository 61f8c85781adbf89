/** The story with sample data: a month, a disaster, and everything back. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { VirtualClock } from '../../../src/core/clock.ts';
import { fail } from '../../../src/core/errors.ts';
import { fingerprintDatabase } from '../../postgres/fingerprint.ts';
import type { RunningPostgres } from '../../postgres/server.ts';
import { takeCensus } from '../census.ts';
import { sizeOf } from '../damage.ts';
import { headOf, treeAt } from '../repository.ts';
import { beside } from '../restored-database.ts';
import { restoreDatabase, restoreFiles, restoreTree, rowsIn } from '../restores.ts';
import { openStage, type StoryDoors } from '../stage.ts';
import type { Summary } from '../summary.ts';
import { bytes, counted } from '../teller.ts';
import { dropEverything } from './database.ts';
import { liveThrough } from './month.ts';
import { firstMoment, little, makeSample, sources, whole } from './network.ts';

export async function tellSample(doors: StoryDoors, quick: boolean): Promise<Summary> {
  const { workspace, teller, atTheEnd } = doors;
  const size = quick ? little : whole;
  teller.chapter('A network to protect');
  const keepServer = (server: RunningPostgres): void => atTheEnd(() => server.stop());
  const sample = await makeSample(workspace, teller, size, keepServer);

  teller.chapter(`${size.days} days of March 2026, through the deployed state machines, on a virtual clock`);
  const clock = new VirtualClock(firstMoment);
  const stage = await openStage({ ...doors, clock, create: true });
  const figures = await liveThrough(stage, sample);
  const [opened, resolved] = [
    stage.alerts.filter((one) => !isResolution(one)).length,
    stage.alerts.filter(isResolution).length,
  ];
  if (!stage.alerts.some((one) => isResolution(one) && one.includes(sources.userData))) {
    fail('AlertUndelivered', `the trouble with ${sources.userData} was over, and nobody was told`);
  }
  const held = await heldBy(stage.machine.context.vaults.open(0));
  const stored = { primary: sizeOf(workspace.primary), replica: sizeOf(workspace.replica) };

  teller.chapter('The disaster');
  const before = {
    database: await fingerprintDatabase(sample.database.url),
    tree: takeCensus(sample.tree),
    userData: takeCensus(sample.userData),
    commit: await treeAt(sample.repository, await headOf(sample.repository)),
  };
  await dropEverything(sample.database.url);
  teller.line(`all tables of the database are dropped: ${counted(rowsIn(before.database), 'row')}`);
  for (const folder of [sample.tree, sample.userData, sample.repository]) await rm(folder, { recursive: true });
  teller.line(
    `all files are deleted: ${counted(before.tree.files + before.userData.files, 'file')}, and the repository`,
  );
  rmSync(workspace.primary, { recursive: true });
  teller.line(`the primary vault is gone: ${bytes(stored.primary)}. What is left is the replica, and the plan`);

  teller.chapter('Everything back, by the restore workflow, into new places; then compared');
  const after = await openStage({ ...doors, clock, create: false });
  const restored = [
    await restoreDatabase(
      after,
      sources.database,
      beside(sample.database.url, 'node_network_restored'),
      before.database,
    ),
    await restoreFiles(after, sources.tree, before.tree),
    await restoreFiles(after, sources.userData, before.userData),
    await restoreTree(after, sources.configuration, before.commit),
  ];
  return {
    title: `A month of a network, lost and brought back whole`,
    lines: [
      [
        'Protected',
        `${counted(before.tree.files + before.userData.files, 'file')} (${bytes(before.tree.bytes + before.userData.bytes)}), a PostgreSQL database of ${bytes(sample.database.bytes)} with ${counted(rowsIn(before.database), 'row')}, a Git repository`,
      ],
      [
        'Snapshots',
        `${figures.snapshots.size} taken in ${counted(figures.runs, 'run')}; ${figures.deleted / 2} gone by retention; ${held.count} remain, of ${bytes(held.bytes)} in all`,
      ],
      [
        'Stored',
        `${bytes(stored.primary)} in the primary, ${bytes(stored.replica)} in the replica: ${(held.bytes / stored.primary).toFixed(0)} times less than the snapshots hold`,
      ],
      [
        'Went wrong',
        `a missing folder (its run failed, the others did not), two damaged packs (found, repaired), then everything at once`,
      ],
      ['Alerts', `${opened} told, ${resolved} resolved`],
      ['Rehearsed', counted(figures.drills, 'drill')],
      ...restored.map((one): [string, string] => ['Restored', `${one.source} in ${one.seconds.toFixed(1)} s`]),
      ...restored.map((one): [string, string] => ['Proven', one.proof]),
    ],
  };
}

const isResolution = (heading: string): boolean => heading.includes(' RESOLVED: ');

async function heldBy(opening: Promise<{ snapshots: { list(): Promise<readonly { totals: { bytes: number } }[]> } }>) {
  const snapshots = await (await opening).snapshots.list();
  return { count: snapshots.length, bytes: snapshots.reduce((sum, { totals }) => sum + totals.bytes, 0) };
}
