/**
 * The `logs` of a database that AWS runs. RDS hands out no transaction logs and ships them itself every five minutes, so what is
 * to be done is to watch that it does: how far point-in-time recovery reaches, here and in each region that backups are
 * replicated to, and that the replication runs. It is started where the plan wants it and it is not there.
 */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';
import { chosen } from '../../sources/rds/choice.ts';
import type { AutomatedBackup, Database } from '../../sources/rds/port.ts';
import { clear, raise } from '../alerting.ts';
import { type Job, jobSchema } from '../backup/job.ts';
import type { OperationContext } from '../context.ts';
import { type ManagedSource, managedSource, nameOf } from './managed.ts';

export const watchManagedInput = z.object({ job: jobSchema });

const windowSchema = z.object({
  database: z.string(),
  region: z.string(),
  /** ARN of replicated backups, for a restore in their region. */
  backup: z.string().optional(),
  earliest: z.iso.datetime().optional(),
  latest: z.iso.datetime().optional(),
  status: z.string(),
});
type Window = z.infer<typeof windowSchema>;

/** What `watched/<source>.json` holds. */
export const watchedSchema = z.object({ time: z.iso.datetime(), run: z.string(), windows: z.array(windowSchema) });

const minute = 60_000;
/** RDS ships logs every 5 minutes; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html */
const mostBehind = 15 * minute;
/** Replication goes over the log after it was shipped; nothing is promised of it, so this is ours. */
const mostBehindElsewhere = 60 * minute;

export async function watchManaged(
  { job }: z.infer<typeof watchManagedInput>,
  context: OperationContext,
): Promise<{ readonly source: string; readonly watched: number; readonly behind: number }> {
  const source = await managedSource(context, job.source);
  const databases = await chosen(source.entry.databases, source.home);
  const windows: Window[] = [];
  let behind = 0;
  const told = async (database: string, region: string, wrong: Wrong | undefined): Promise<void> => {
    if (wrong) behind += 1;
    await tell(context, job, database, region, wrong);
  };
  const now = context.clock.now();
  for (const database of databases) {
    windows.push(windowOf(database));
    await told(nameOf(database), database.region, wrongHere(database, now));
  }
  for (const { region, key, pointInTimeDays } of source.entry.copies) {
    if (pointInTimeDays === undefined) continue;
    const there = await (await source.region(region)).automatedBackups();
    // the API replicates the backups of instances only
    for (const database of databases.filter(({ kind }) => kind === 'instance')) {
      const backup = there.find(({ databaseArn, status }) => databaseArn === database.arn && status !== 'retained');
      if (!backup && database.backupDays > 0) await start(context, source, region, database, key, pointInTimeDays);
      windows.push(
        backup ? replicatedWindow(database, backup) : { database: nameOf(database), region, status: 'asked for' },
      );
      await told(nameOf(database), region, wrongElsewhere(backup, key, now));
    }
  }
  const vault = await context.vaults.open(0);
  await vault.objects.write(layout.watched(job.source), { time: now.toISOString(), run: job.run, windows });
  context.log.info('managed-watched', { run: job.run, source: job.source, windows });
  return { source: job.source, watched: databases.length, behind };
}

interface Wrong {
  readonly what: string;
  readonly action: string;
}

function windowOf(database: Database): Window {
  return {
    database: nameOf(database),
    region: database.region,
    ...(database.earliestRestorable && { earliest: database.earliestRestorable.toISOString() }),
    ...(database.latestRestorable && { latest: database.latestRestorable.toISOString() }),
    status: database.status,
  };
}

function replicatedWindow(database: Database, backup: AutomatedBackup): Window {
  return {
    database: nameOf(database),
    region: backup.region,
    backup: backup.arn,
    ...(backup.earliest && { earliest: backup.earliest.toISOString() }),
    ...(backup.latest && { latest: backup.latest.toISOString() }),
    status: backup.status,
  };
}

function wrongHere({ backupDays, latestRestorable, status, created, engine }: Database, now: Date): Wrong | undefined {
  if (backupDays === 0) {
    return {
      what: 'Its automated backups are off, so it can only be restored to its snapshots.',
      action:
        'Set its backup retention period to 1 day or more (aws rds modify-db-instance --backup-retention-period 7).',
    };
  }
  // a new database has nothing to be restored to before its first backup has ended
  if (!latestRestorable && created && now.getTime() - created.getTime() < 4 * mostBehind) return undefined;
  const late = latestRestorable ? now.getTime() - latestRestorable.getTime() : Number.POSITIVE_INFINITY;
  if (late <= mostBehind) return undefined;
  const since = latestRestorable ? `stands at ${latestRestorable.toISOString()}` : 'is not there';
  return {
    what: `LatestRestorableTime ${since}; RDS moves it every 5 minutes. The database is ${status}.`,
    action: `Look why no logs are shipped: ${reasons(status, engine)}. What is written now can be lost.`,
  };
}

function reasons(status: string, engine: string): string {
  const known = [
    ...(status === 'available' ? [] : [`it is ${status}, and logs are shipped while it is available`]),
    ...(engine.startsWith('sqlserver') ? ['a SQL Server database is OFFLINE, EMERGENCY or SINGLE_USER'] : []),
    'its storage is full',
    'its automated backups were switched off',
    'RDS itself has trouble (AWS Health)',
  ];
  return known.join('; or ');
}

function wrongElsewhere(backup: AutomatedBackup | undefined, key: string, now: Date): Wrong | undefined {
  // it was asked for just now, or takes its first backup over: the next look tells
  if (!backup || /^(creating|pending)$/.test(backup.status)) return undefined;
  if (backup.key !== undefined && backup.key !== key) {
    return {
      what: `Its replicated backups are encrypted with ${backup.key} and not with ${key}.`,
      action: 'Correct the key in the plan, or stop the replication (it is started anew with the key of the plan).',
    };
  }
  const late = backup.latest ? now.getTime() - backup.latest.getTime() : Number.POSITIVE_INFINITY;
  if (late <= mostBehindElsewhere && /^(active|replicating)$/.test(backup.status)) return undefined;
  return {
    what: `Its replicated backups are ${backup.status} and reach to ${backup.latest?.toISOString() ?? 'no time yet'}.`,
    action:
      'Look at the replicated backups in the RDS console of that region; stop and start the replication if it stays.',
  };
}

async function start(
  context: OperationContext,
  source: ManagedSource,
  region: string,
  database: Database,
  key: string,
  days: number,
): Promise<void> {
  await (await source.region(region)).replicateBackups(database.arn, database.encrypted ? key : undefined, days);
  context.log.info('backup-replication-started', { source: source.entry.id, database: nameOf(database), region });
}

async function tell(
  context: OperationContext,
  job: Job,
  database: string,
  region: string,
  wrong: Wrong | undefined,
): Promise<void> {
  const trouble = `rds-window/${job.source}/${region}/${database.replace('/', '-')}`;
  if (!wrong) return clear(context, trouble, { run: job.run });
  await raise(context, {
    kind: 'failure',
    severity: 'critical',
    trouble,
    subject: `${database} in ${region} cannot be restored to now`,
    source: job.source,
    what: wrong.what,
    action: wrong.action,
    run: job.run,
  });
}
