/**
 * A month on the virtual clock: what the plan's schedule asks for, when it asks for it, through the deployed state machines.
 * In between things change, a folder goes missing for a day, somebody commits, and a disk goes bad.
 */
import { readFileSync, renameSync } from 'node:fs';
import { fail } from '../../../src/core/errors.ts';
import { shortHash } from '../../../src/core/ids.ts';
import { prunePlanKey, prunePlanSchema } from '../../../src/operations/prune/prune-plan.ts';
import type { EventBridgeEvent } from '../../events.ts';
import { changeNodeNetwork } from '../../postgres/node-network.ts';
import { type Start, startsBetween } from '../../schedule.ts';
import { damageVault, isWhole } from '../damage.ts';
import { commitConfiguration, headOf } from '../repository.ts';
import { type BackupReport, type PruneReport, type Stage, type VerifyReport, workflowFailed } from '../stage.ts';
import { bytes, counted, day as dayOf, wrapped } from '../teller.ts';
import { changeTree, changeUserData } from './files.ts';
import { firstMoment, type Sample, sources } from './network.ts';

export interface MonthFigures {
  runs: number;
  /** Ids; an unchanged commit is the same snapshot every day. */
  readonly snapshots: Set<string>;
  /** Bytes that were read, and that were stored for them. */
  read: number;
  stored: number;
  deleted: number;
  repaired: number;
  drills: number;
}

const length = 24 * 60 * 60 * 1000;

export async function liveThrough(stage: Stage, sample: Sample): Promise<MonthFigures> {
  const figures: MonthFigures = {
    runs: 0,
    snapshots: new Set(),
    read: 0,
    stored: 0,
    deleted: 0,
    repaired: 0,
    drills: 0,
  };
  const midnight = Date.UTC(2026, 2, 1);
  for (let number = 1; number <= sample.size.days; number += 1) {
    const from = Math.max(firstMoment.getTime(), midnight + (number - 1) * length - 1);
    const starts = startsBetween(stage.machine.plan, new Date(from), new Date(midnight + number * length - 1));
    await liveThroughDay(stage, sample, number, starts, figures);
  }
  return figures;
}

async function liveThroughDay(
  stage: Stage,
  sample: Sample,
  number: number,
  starts: readonly Start[],
  figures: MonthFigures,
): Promise<void> {
  const { clock, teller } = stage;
  const { size } = sample;
  let words: string[] = [];
  const tellSoFar = (): void => {
    if (words.length > 0) teller.line(`${dayOf(clock.now())}   ${words.join('; ')}`);
    words = [];
  };
  for (const start of starts) {
    if (start.time > clock.now()) clock.moveTo(start.time);
    if (start.workflow === 'backup') words.push(await backUp(stage, sample, number, start, figures));
    // Pruning, reading and rehearsing take real time; the month has room for some of them.
    if (start.workflow === 'prune' && number === size.preview) {
      tellSoFar();
      await preview(stage);
    }
    if (start.workflow === 'prune' && number % 2 === 0) words.push(...(await prune(stage, start, figures)));
    if (start.workflow === 'verify' && number === size.damage) {
      tellSoFar();
      figures.repaired += await sufferDamage(stage, start);
    } else if (start.workflow === 'verify' && number > size.damage && number % 7 === 1)
      words.push(await verify(stage, start));
    if (start.workflow === 'drill' && figures.drills === 0) words.push(await rehearse(stage, start, figures));
  }
  tellSoFar();
  if (number === size.commit) await commit(stage, sample, figures);
}

async function prune(stage: Stage, { input, name }: Start, figures: MonthFigures): Promise<string[]> {
  const { deleted, collected } = await stage.succeed<PruneReport>('prune', input, name);
  figures.deleted += deleted;
  const words = [
    ...(deleted > 0 ? [`${counted(deleted, 'snapshot')} gone from the two vaults`] : []),
    ...(collected.packs > 0 ? [`${bytes(collected.bytes)} freed`] : []),
  ];
  return words.length > 0 ? [`prune: ${words.join(', ')}`] : [];
}

async function verify(stage: Stage, { input, name }: Start): Promise<string> {
  const { findings, read } = await stage.succeed<VerifyReport>('verify', input, name);
  return `verify: ${counted(read.packs, 'pack')} read, ${counted(findings.length, 'finding')}`;
}

async function rehearse(stage: Stage, { name }: Start, figures: MonthFigures): Promise<string> {
  const rehearsed = [sources.userData, sources.configuration];
  const { drills } = await stage.succeed<{ drills: readonly unknown[] }>('drill', { sources: rehearsed }, name);
  figures.drills += drills.length;
  return `drill: ${rehearsed.join(' and ')} restored, compared, thrown away`;
}

async function backUp(
  stage: Stage,
  sample: Sample,
  number: number,
  start: Start,
  figures: MonthFigures,
): Promise<string> {
  const asked = start.input as { sources: readonly string[]; cadence: string };
  if (number > 1) await change(sample, number, asked.sources);
  const isMissing = number === sample.size.missing && asked.sources.includes(sources.userData);
  if (isMissing) return failFor(stage, sample, start, figures);
  const report = await stage.succeed<BackupReport>('backup', start.input, start.name);
  return `${asked.cadence}: ${told(report, figures)}`;
}

/** What a day brings to the sources that are about to be backed up: the others change before their own next backup. */
async function change(sample: Sample, number: number, due: readonly string[]): Promise<void> {
  if (due.includes(sources.database)) await changeNodeNetwork(sample.database.url, number);
  if (due.includes(sources.tree)) await changeTree(sample.tree, number);
  if (due.includes(sources.userData)) await changeUserData(sample.userData, number);
}

function told(report: BackupReport, figures: MonthFigures): string {
  const good = report.jobs.filter((job) => job.status === 'success');
  const read = good.reduce((sum, job) => sum + (job.bytes?.read ?? 0), 0);
  const stored = good.reduce((sum, job) => sum + (job.bytes?.stored ?? 0), 0);
  figures.runs += 1;
  for (const { snapshot } of good) if (snapshot !== undefined) figures.snapshots.add(snapshot);
  figures.read += read;
  figures.stored += stored;
  return `${counted(good.length, 'source')}, ${bytes(read)} read, ${bytes(stored)} new in the vault`;
}

/** A folder is not there, as when a disk is not mounted: its job fails and so does the run, and the others go on. */
async function failFor(stage: Stage, sample: Sample, start: Start, figures: MonthFigures): Promise<string> {
  const away = `${sample.userData}.away`;
  stage.teller.line(
    `${dayOf(stage.clock.now())}   the folder of ${sources.userData} is not there, as when a disk is not mounted`,
  );
  const alertsBefore = stage.alerts.length;
  renameSync(sample.userData, away);
  const { record, report } = await stage
    .run('backup', start.input, start.name)
    .finally(() => renameSync(away, sample.userData));
  const { jobs } = report as BackupReport;
  const failed = jobs.filter((job) => job.status === 'failure').map((job) => job.source);
  if (record.status !== 'FAILED' || record.error !== 'RunFailed' || failed.join() !== sources.userData) {
    fail(
      'Unexpected',
      `the run without ${sources.userData} should have failed for it alone; it ${record.status}, with failures: ${failed.join()}`,
    );
  }
  if (stage.alerts.length === alertsBefore)
    fail('AlertUndelivered', `no alert came out when ${sources.userData} was missing`);
  return `the run FAILED for ${failed.join()} and its alert came out; the others succeeded: ${told(report as BackupReport, figures)}`;
}

/** A commit: its event starts the backup of exactly that version. */
async function commit(stage: Stage, sample: Sample, figures: MonthFigures): Promise<void> {
  const { clock, teller, machine } = stage;
  const example = new URL('../../../events/change-codecommit.json', import.meta.url);
  const event = JSON.parse(readFileSync(example, 'utf8')) as EventBridgeEvent;
  clock.moveTo(new Date(clock.now().getTime() + 60_000));
  const oldCommitId = await headOf(sample.repository);
  const commitId = await commitConfiguration(sample.repository, 2, clock.now());
  const time = clock.now().toISOString();
  const executions = machine.region.publish({
    ...event,
    id: `event-${shortHash(commitId)}`,
    time,
    detail: { ...event.detail, commitId, oldCommitId },
  });
  const [record] = await Promise.all(executions.map((execution) => execution.ended));
  if (!record) return fail('Unexpected', 'the commit event started no execution');
  if (record.status !== 'SUCCEEDED') return workflowFailed(record);
  const report = record.output as unknown as BackupReport;
  const [job] = report.jobs;
  const snapshots = await (await machine.context.vaults.open(0)).snapshots.list(sources.configuration);
  const revision = snapshots.find((snapshot) => snapshot.id === job?.snapshot)?.revision;
  if (revision !== commitId) fail('Unexpected', `the commit was ${commitId}, and its snapshot holds ${revision}`);
  figures.runs += 1;
  figures.snapshots.add(job!.snapshot!);
  teller.line(
    `${dayOf(clock.now())}   a commit of the configuration: its event made the snapshot ${job!.snapshot}, of exactly ${commitId.slice(0, 12)}`,
  );
}

/** What prune would do, and why, before it does it. */
async function preview(stage: Stage): Promise<void> {
  const { prune } = await stage.succeed<{ prune: string }>('prune', { dryRun: true });
  const vault = await stage.machine.context.vaults.open(0);
  const plan = await vault.objects.read(prunePlanKey(prune), prunePlanSchema);
  const { teller, clock } = stage;
  teller.line(
    `${dayOf(clock.now())}   prune preview: of ${plan.keep.length + plan.delete.length} snapshots ${plan.keep.length} stay, ${plan.delete.length} go`,
  );
  const lines: [string, string, string][] = plan.delete.slice(0, 2).map((one) => ['goes ', one.id, one.reason]);
  // One of each kind of reason.
  const stay = new Map(plan.keep.map((one) => [one.reasons[0]?.replace(/\d.*/, ''), one]));
  for (const one of [...stay.values()].slice(0, 3)) lines.push(['stays', one.id, one.reasons.join('; ')]);
  for (const [what, id, why] of lines)
    teller.detail(`${what}  ${id}\n${wrapped(why, 92).join('\n').replace(/^/gm, '       ')}`);
}

/** A disk goes bad, and the scheduled verification finds it and mends it from the replica. */
async function sufferDamage(stage: Stage, start: Start): Promise<number> {
  const { teller, workspace, clock } = stage;
  const damage = damageVault(workspace.primary, workspace.replica);
  teller.line(`${dayOf(clock.now())}   damage in the primary vault: ${damage.words}`);
  const { record, report } = await stage.run('verify', { readAll: true }, start.name);
  if (report === undefined || report === null) return workflowFailed(record);
  const { findings, read } = report as VerifyReport;
  const repaired = findings.filter((finding) => finding.repaired).length;
  const mended = isWhole(damage.flipped) && isWhole(damage.deleted);
  if (!mended || repaired < 2 || repaired < findings.length) {
    fail(
      'VaultDamaged',
      `verification found ${findings.length} and repaired ${repaired}; the two packs are ${mended ? '' : 'not '}whole`,
    );
  }
  teller.line(
    `${dayOf(clock.now())}   verify: ${counted(read.packs, 'pack')} (${bytes(read.bytes)}) read; both damages found and repaired from the replica, SHA-256 right again`,
  );
  return repaired;
}
