/**
 * Copies the snapshots of a set into each region that the plan names, and sees their exports through: from the original and
 * never from a copy, under that region's key, as many at a time as the account may. A copy counts when it is available and
 * has the right key, and not before; one that fails hours later is told of when it is seen.
 */
import * as z from 'zod';
import { type ErrorName, fail } from '../../core/errors.ts';
import type { RdsCopy } from '../../plan/plan.ts';
import { belongingOf, setIn, snapshotName, tagsForCopy } from '../../sources/rds/names.ts';
import { type DatabaseSnapshot, databaseKinds } from '../../sources/rds/port.ts';
import { clear, raise } from '../alerting.ts';
import { type Job, jobSchema } from '../backup/job.ts';
import type { OperationContext } from '../context.ts';
import { exportsOf } from './exports.ts';
import {
  type CopyState,
  hasFailed,
  isOver,
  isPassing,
  type ManagedFailure,
  type ManagedSource,
  managedKey,
  managedSchema,
  managedSource,
  nameOf,
  pause,
  snapshotsIn,
} from './managed.ts';
import { type ManagedTurn, refusal } from './take-managed.ts';

export const copyManagedInput = z.object({ job: jobSchema, snapshot: z.string(), turn: z.number().int().positive() });

/** Of an account into one region: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html */
const copiesAtOnce = 20;

export async function copyManaged(
  { job, snapshot, turn }: z.infer<typeof copyManagedInput>,
  context: OperationContext,
): Promise<ManagedTurn & { readonly snapshot: string }> {
  const { objects } = await context.vaults.open(0);
  const source = await managedSource(context, job.source);
  const record = await objects.read(managedKey(job), managedSchema);
  const set = setIn(job.revision ?? '')?.set ?? record.set;
  const failures: Record<string, ManagedFailure> = { ...record.failures };
  const open: string[] = [];
  const late = isOver(job, context.clock.now(), 'copy');

  const strands = [
    ...source.entry.copies.map((copy) => ({
      place: copy.region,
      work: () => copiesIn(source, job, set, record, copy),
    })),
    ...(source.entry.export ? [{ place: 'export', work: () => exportsOf(source, job, set, record) }] : []),
  ];
  for (const { place, work } of strands) {
    const states = await told(context, job, place, work);
    if (states === undefined) {
      if (late) failures[`${place} `] = stuck(place, 'RDS does not answer');
      else open.push(`${place}: not told`);
      continue;
    }
    for (const [name, state] of states) {
      const key = `${place} ${name}`;
      if (failures[key] || failures[name] || state === 'done') continue;
      if (typeof state !== 'string') failures[key] = state;
      else if (late) failures[key] = stuck(key, state);
      else open.push(`${key}: ${state}`);
    }
  }
  const fresh = Object.keys(failures).filter((key) => !record.failures[key]);
  if (fresh.length > 0) {
    await objects.write(managedKey(job), { ...record, failures });
    for (const key of fresh) await tellFailed(context, job, key, failures[key]!);
  }
  context.log.info('managed-copies-looked', { run: job.run, source: job.source, set, open, failures });
  const next = { job, snapshot, wait: pause(job, context.clock.now()), turn: turn + 1 };
  if (open.length > 0) return { ...next, done: false };
  await conclude(
    context,
    job,
    strands.map(({ place }) => place),
    failures,
  );
  return { ...next, done: true };
}

/** `undefined` when the service was asked in vain: unknown is neither yes nor no. */
async function told<Result>(
  context: OperationContext,
  job: Job,
  place: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isPassing(error)) throw error;
    context.log.warn('managed-not-told', { run: job.run, source: job.source, place, reason: (error as Error).message });
    return undefined;
  }
}

async function copiesIn(
  { owner, home, region }: ManagedSource,
  job: Job,
  set: string,
  { databases }: z.infer<typeof managedSchema>,
  { region: place, key }: RdsCopy,
): Promise<Map<string, CopyState>> {
  const states = new Map<string, CopyState>();
  const there = await region(place);
  const originals = await snapshotsIn(home, databases);
  const copies: DatabaseSnapshot[] = [];
  // those of everybody, as the account's number of copies is everybody's
  for (const kind of databaseKinds) copies.push(...(await there.snapshots(kind)));
  let underWay = copies.filter(({ status }) => status === 'copying').length;
  for (const database of databases) {
    const id = snapshotName(owner, job.source, database, set);
    const same = (one: DatabaseSnapshot): boolean => one.kind === database.kind && one.id === id;
    const copy = copies.find(same);
    const original = originals.find(same);
    const name = nameOf(database);
    if (copy) {
      states.set(name, stateOf(copy, key, place, owner));
      continue;
    }
    if (original?.status !== 'available') {
      states.set(name, {
        name: 'ManagedFailed',
        message: `the snapshot ${id} of ${name} is ${original?.status ?? 'gone'} before it was copied to ${place}`,
        hint: 'Look in the RDS console who removed it, and back up again.',
      });
      continue;
    }
    if (underWay >= copiesAtOnce) {
      states.set(name, `waits, as ${underWay} copies into ${place} are under way`);
      continue;
    }
    const taken = await there.copy(original, id, key, tagsForCopy(original));
    underWay += 1;
    states.set(name, 'why' in taken ? refusal(taken, `the copy of ${name} to ${place}`) : taken.outcome);
  }
  return states;
}

function stateOf(copy: DatabaseSnapshot, key: string, place: string, owner: ManagedSource['owner']): CopyState {
  const wrong = (message: string, hint: string): ManagedFailure => ({ name: 'ManagedFailed', message, hint });
  if (!belongingOf(copy, owner)) {
    return wrong(`${copy.id} in ${place} is not ours`, 'Look who made it; remove or rename it, and back up again.');
  }
  if (hasFailed(copy)) {
    return wrong(
      `the copy ${copy.id} in ${place} is ${copy.status}`,
      'Look at its events in the RDS console of that region; check its key. Remove it, and back up again.',
    );
  }
  if (copy.status !== 'available') return `${copy.status}${copy.progress ? ` ${copy.progress} %` : ''}`;
  if (copy.encrypted && copy.key !== key) {
    return {
      name: 'KeyUnusable',
      message: `the copy ${copy.id} in ${place} is encrypted with ${copy.key ?? 'no key'} and not with ${key}`,
      hint: 'Correct the key in the plan or remove the copy, and back up again.',
    };
  }
  return 'done';
}

function stuck(what: string, state: string): ManagedFailure {
  return {
    name: 'ManagedStuck',
    message: `${what} is not done after two and a half days: ${state}`,
    hint: 'Look at it in the RDS console. What is under way goes on there; the next run makes a copy of its own.',
  };
}

/** At once, as other copies may take days more. */
async function tellFailed(context: OperationContext, job: Job, key: string, failure: ManagedFailure): Promise<void> {
  const [place = ''] = key.split(' ');
  await raise(context, {
    kind: 'failure',
    severity: 'warning',
    trouble: `rds-copy/${job.source}/${place}`,
    subject: `${job.source} was not copied to ${place}`,
    source: job.source,
    what: `${failure.name}: ${failure.message}`,
    action: failure.hint ?? 'Mend the cause, and back up again.',
    run: job.run,
  });
}

async function conclude(
  context: OperationContext,
  job: Job,
  places: readonly string[],
  failures: Readonly<Record<string, ManagedFailure>>,
): Promise<void> {
  const failed = Object.entries(failures).filter(([key]) => key.includes(' '));
  for (const place of places) {
    if (failed.some(([key]) => key.startsWith(`${place} `))) continue;
    await clear(context, `rds-copy/${job.source}/${place}`, { run: job.run });
  }
  const [first] = failed;
  if (!first) return;
  const [, { name, message, hint }] = first;
  fail(name as ErrorName, failed.length === 1 ? message : `${failed.length} of its copies failed; first: ${message}`, {
    ...(hint !== undefined && { hint }),
    context: { source: job.source, failed: failed.map(([key]) => key) },
  });
}
