/**
 * A managed job: the database service does the work, and Tidemark asks for it, looks at it and remembers what it asked for.
 * Every step looks at what is there and does what is missing, so it may be repeated, interrupted and begun again by another
 * run; what RDS says is the truth, and the record only holds what RDS cannot say.
 */
import * as z from 'zod';
import { isTidemarkError } from '../../core/errors.ts';
import { layout } from '../../format/layout.ts';
import type { RdsSource, SourceBase } from '../../plan/plan.ts';
import type { Owner } from '../../sources/rds/names.ts';
import { type DatabaseSnapshot, databaseKinds, type RdsRegion } from '../../sources/rds/port.ts';
import type { Job, JobName } from '../backup/job.ts';
import type { OperationContext } from '../context.ts';
import { entryOf } from './entry.ts';

const kind = z.enum(databaseKinds as readonly ['instance', 'cluster']);
const failureSchema = z.object({ name: z.string(), message: z.string(), hint: z.string().optional() });
export type ManagedFailure = z.infer<typeof failureSchema>;

export const managedSchema = z.object({
  /** The run whose snapshots these are: another's, when that was at it already. */
  set: z.string(),
  databases: z.array(
    z.object({
      kind,
      id: z.string(),
      encrypted: z.boolean(),
      key: z.string().optional(),
      tags: z.record(z.string(), z.string()),
    }),
  ),
  /** What will not come any more, by `kind/id` of the database, with `region` in front for copies. */
  failures: z.record(z.string(), failureSchema),
});
export type Managed = z.infer<typeof managedSchema>;
export type ManagedDatabase = Managed['databases'][number];

export const managedKey = (job: JobName): string => layout.work(job.run, job.source, 'managed');

export interface ManagedSource {
  readonly entry: SourceBase & RdsSource;
  readonly owner: Owner;
  readonly home: RdsRegion;
  region(name: string): Promise<RdsRegion>;
}

/** Errors: `SourceUnknown`, and `PlanInvalid` for a source of another kind. */
export async function managedSource(context: OperationContext, source: string): Promise<ManagedSource> {
  const entry = entryOf(context.plan, source);
  const region = (name: string): Promise<RdsRegion> => context.rds!(entry, name);
  const { config } = await context.vaults.open(0);
  return { entry, owner: { plan: context.plan.plan, vault: config.id }, home: await region(entry.region), region };
}

export const nameOf = ({ kind, id }: Pick<ManagedDatabase, 'kind' | 'id'>): string => `${kind}/${id}`;

/** What has ended badly; anything else that is not `available` is under way. */
export const hasFailed = ({ status }: Pick<DatabaseSnapshot, 'status'>): boolean =>
  /^(failed|deleted|deleting|incompatible-.*)$/.test(status);

/** `done`, or how far it is, or why it will not come. */
export type CopyState = 'done' | string | ManagedFailure;

/** How long a job waits for what the service does, from the start of its run. */
const hour = 60 * 60 * 1000;
export const patience = { take: 24 * hour, copy: 60 * hour } as const;

/** A tenth of what has passed, from half a minute to a quarter of an hour: two days are 250 looks. */
export function pause(job: Job, now: Date): number {
  const passed = (now.getTime() - new Date(job.time).getTime()) / 1000;
  return Math.round(Math.min(900, Math.max(30, passed / 10)));
}

export const isOver = (job: Job, now: Date, what: keyof typeof patience): boolean =>
  now.getTime() - new Date(job.time).getTime() > patience[what];

/** What passes by itself: the next look will tell. It is never an answer. */
export const isPassing = (error: unknown): boolean =>
  isTidemarkError(error, 'DatabaseThrottled') || isTidemarkError(error, 'DatabaseUnreachable');

/** Manual snapshots of the kinds that a job has to do with, whoever made them. */
export async function snapshotsIn(rds: RdsRegion, databases: readonly ManagedDatabase[]): Promise<DatabaseSnapshot[]> {
  const found: DatabaseSnapshot[] = [];
  for (const each of databaseKinds) {
    if (databases.some((one) => one.kind === each)) found.push(...(await rds.snapshots(each)));
  }
  return found;
}
