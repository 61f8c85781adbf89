/**
 * Takes a manual snapshot of each of a source's databases, or looks how far they are. A snapshot that is being made already,
 * by a run that this one overlaps with or that was lost, is waited for and not made twice.
 */
import * as z from 'zod';
import { type ErrorName, fail } from '../../core/errors.ts';
import { chosen } from '../../sources/rds/choice.ts';
import { belongingOf, originalTimeOf, revisionOf, snapshotName, tagsFor } from '../../sources/rds/names.ts';
import type { Database, DatabaseSnapshot, Refusal } from '../../sources/rds/port.ts';
import { type Job, jobSchema } from '../backup/job.ts';
import type { OperationContext } from '../context.ts';
import {
  hasFailed,
  isOver,
  isPassing,
  type Managed,
  type ManagedDatabase,
  type ManagedFailure,
  type ManagedSource,
  managedKey,
  managedSchema,
  managedSource,
  nameOf,
  pause,
  snapshotsIn,
} from './managed.ts';
import { forecastQuotas } from './quotas.ts';

export const takeManagedInput = z.object({ job: jobSchema, turn: z.number().int().positive() });

/** `job` has its revision once all is there; `wait` is in seconds. */
export interface ManagedTurn {
  readonly job: Job;
  readonly done: boolean;
  readonly wait: number;
  readonly turn: number;
}

export async function takeManaged(
  { job, turn }: z.infer<typeof takeManagedInput>,
  context: OperationContext,
): Promise<ManagedTurn> {
  const now = context.clock.now();
  const again: ManagedTurn = { job, done: false, wait: pause(job, now), turn: turn + 1 };
  const source = await managedSource(context, job.source);
  try {
    return await look(context, job, source, again);
  } catch (error) {
    if (!isPassing(error) || isOver(job, now, 'take')) throw error;
    context.log.warn('managed-not-told', { run: job.run, source: job.source, reason: (error as Error).message });
    return again;
  }
}

async function look(
  context: OperationContext,
  job: Job,
  source: ManagedSource,
  again: ManagedTurn,
): Promise<ManagedTurn> {
  const { objects } = await context.vaults.open(0);
  const key = managedKey(job);
  const known = await objects.readIfThere(key, managedSchema);
  const record = known ?? (await begin(context, job, source));
  // before anything is asked for, so that a repeated call asks for the same
  if (!known) await objects.write(key, record);
  const failures: Record<string, ManagedFailure> = { ...record.failures };
  const listed = await snapshotsIn(source.home, record.databases);
  const times: Date[] = [];
  const waiting: string[] = [];
  for (const database of record.databases) {
    const name = nameOf(database);
    if (failures[name]) continue;
    const id = snapshotName(source.owner, job.source, database, record.set);
    const snapshot = listed.find((one) => one.kind === database.kind && one.id === id);
    const state = snapshot ? stateOf(snapshot, database, source) : await ask(source, job, database, record.set, id);
    if (state instanceof Date) times.push(state);
    else if (typeof state === 'string') waiting.push(`${name}: ${state}`);
    else failures[name] = state;
  }
  if (waiting.length > 0 && isOver(job, context.clock.now(), 'take')) {
    for (const one of waiting) failures[one.slice(0, one.indexOf(':'))] = stuck(one);
  }
  if (Object.keys(failures).length > Object.keys(record.failures).length) {
    await objects.write(key, { ...record, failures });
  }
  const open = waiting.filter((one) => !failures[one.slice(0, one.indexOf(':'))]);
  context.log.info('managed-looked', {
    run: job.run,
    source: job.source,
    set: record.set,
    taken: times.length,
    open,
    failures,
  });
  if (open.length > 0) return again;
  const first = Object.values(failures)[0];
  if (times.length === 0 && first) {
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    fail(first.name as ErrorName, first.message, hint);
  }
  const time = new Date(Math.min(...times.map((one) => one.getTime())));
  return { ...again, job: { ...job, revision: revisionOf(record.set, time) }, done: true };
}

/** Decides what is to be taken, once. */
async function begin(context: OperationContext, job: Job, source: ManagedSource): Promise<Managed> {
  const databases = await chosen(source.entry.databases, source.home);
  const wanted = databases.map(toRecord);
  const underWay = (await snapshotsIn(source.home, wanted)).flatMap((snapshot) => {
    const of = belongingOf(snapshot, source.owner);
    return of?.source === job.source && snapshot.status === 'creating' ? [of.set] : [];
  });
  await forecastQuotas(context, source, databases);
  return { set: underWay.sort().at(-1) ?? job.run, databases: wanted, failures: {} };
}

const toRecord = ({ kind, id, encrypted, key, tags }: Database): ManagedDatabase => ({
  kind,
  id,
  encrypted,
  ...(key !== undefined && { key }),
  tags: { ...tags },
});

/** When it was taken; or why it is not there yet; or why it never will be. */
type State = Date | string | ManagedFailure;

function stateOf(snapshot: DatabaseSnapshot, database: ManagedDatabase, { owner, home }: ManagedSource): State {
  if (!belongingOf(snapshot, owner)) {
    return {
      name: 'ManagedFailed',
      message: `a snapshot ${snapshot.id} in ${home.region} has the name of ours and not its tags`,
      hint: 'Look who made it; remove it or its likeness, and back up again.',
    };
  }
  if (hasFailed(snapshot)) {
    return {
      name: 'ManagedFailed',
      message: `the snapshot ${snapshot.id} of ${nameOf(database)} is ${snapshot.status}`,
      hint: 'Look at the events of the database in the RDS console, mend the cause, and back up again.',
    };
  }
  const time = originalTimeOf(snapshot);
  if (snapshot.status !== 'available' || time === undefined) {
    return `${snapshot.status}${snapshot.progress === undefined ? '' : ` ${snapshot.progress} %`}`;
  }
  if (snapshot.encrypted !== database.encrypted || snapshot.key !== database.key) {
    return {
      name: 'ManagedFailed',
      message: `the snapshot ${snapshot.id} is encrypted with ${snapshot.key ?? 'no key'}, and ${nameOf(database)} with ${database.key ?? 'none'}`,
      hint: 'Look whether the database was replaced while the snapshot was made, and back up again.',
    };
  }
  return time;
}

async function ask(
  { owner, home }: ManagedSource,
  job: Job,
  database: ManagedDatabase,
  set: string,
  id: string,
): Promise<State> {
  const tags = tagsFor(owner, job.source, set, database);
  const taken = await home.take(database, id, tags);
  return 'why' in taken ? refusal(taken, nameOf(database)) : taken.outcome;
}

const names = {
  quota: 'QuotaReached',
  key: 'KeyUnusable',
  missing: 'SourceMissing',
  refused: 'ManagedFailed',
} as const;
const hints = {
  quota:
    'Ask for a higher quota of manual snapshots in Service Quotas, or remove what nobody needs; prune removes only what is ours.',
  key: 'Check the key: enabled, in the region of the snapshot, and usable by this role.',
  missing: 'Look whether it was deleted or renamed; then correct the plan.',
  refused: 'The words of RDS say why; mend it, and back up again.',
} as const;

/** Why not yet, or why never. */
export function refusal(taken: Refusal, what: string): string | ManagedFailure {
  if (taken.outcome === 'busy' || taken.outcome === 'copies-full') return taken.why;
  return { name: names[taken.outcome], message: `${what}: ${taken.why}`, hint: hints[taken.outcome] };
}

function stuck(what: string): ManagedFailure {
  return {
    name: 'ManagedStuck',
    message: `after a day there is still no snapshot of ${what}`,
    hint: 'Look at the database in the RDS console. What is under way goes on, and the next run looks at it again.',
  };
}
