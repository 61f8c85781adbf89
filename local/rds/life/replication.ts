/**
 * Automated backups on their way into another region: nothing can be restored until the first snapshot is there; then the
 * window's end follows the source, some minutes behind, until the replication stands still, is stopped, or the source goes.
 */
import type { Place } from '../place.ts';
import type { AutomatedBackup } from '../records/automated-backup.ts';
import { earliestRestorable, type Instance, latestRestorable } from '../records/instance.ts';
import type { Tag } from '../wire/input.ts';
import { discard } from './data.ts';
import { settingsOf } from './snapshots.ts';

/** How far the copy of the logs is behind the logs. */
const lag = 5 * 60_000;

export interface ReplicationRequest {
  readonly days: number;
  readonly key: string | undefined;
  readonly tags: readonly Tag[];
  readonly at: Date;
}

export function beginReplication(
  place: Place,
  from: Place,
  instance: Instance,
  request: ReplicationRequest,
): AutomatedBackup {
  const backup: AutomatedBackup = {
    ...recordOf(place, from, instance),
    status: 'pending',
    retentionDays: request.days,
    ...(request.key === undefined ? {} : { kmsKeyId: request.key }),
    TagList: request.tags,
  };
  place.automatedBackups.set(backup.arn, backup);
  const link = { DBInstanceAutomatedBackupsArn: backup.arn };
  instance.DBInstanceAutomatedBackupsReplications = [...instance.DBInstanceAutomatedBackupsReplications, link];
  backup.process = place.begin(
    {
      kind: 'replication',
      subject: backup.instanceId,
      work: { gibibytes: instance.AllocatedStorage },
      done(at) {
        delete backup.process;
        backup.status = 'replicating';
        backup.restorableFrom = at;
        place.turn('auto-backup', backup.instanceId, 'pending', 'replicating', at);
      },
      // It stays where it was and never becomes usable: nothing says that it failed.
      failed() {},
    },
    request.at,
  );
  return backup;
}

function recordOf(place: Place, from: Place, instance: Instance) {
  return {
    arn: place.arn('auto-backup', place.world.resourceId('ab-').toLowerCase()),
    resourceId: instance.DbiResourceId,
    instanceArn: instance.DBInstanceArn,
    instanceId: instance.DBInstanceIdentifier,
    sourceRegion: from.region,
    settings: {
      Engine: instance.Engine,
      EngineVersion: instance.EngineVersion,
      AllocatedStorage: instance.AllocatedStorage,
      Port: instance.DbInstancePort,
      MasterUsername: instance.MasterUsername,
      LicenseModel: instance.LicenseModel,
      StorageType: instance.StorageType,
      encrypted: instance.StorageEncrypted,
      settings: settingsOf(instance),
    },
  };
}

/** What can be restored to; nothing before the first backup has come over. */
export function windowOf(place: Place, backup: AutomatedBackup, now: Date): { from: Date; to: Date } | undefined {
  if (backup.restorableFrom === undefined) return undefined;
  const source = place.places.at(backup.sourceRegion, place.account).instances.get(backup.instanceId);
  const own = source?.DbiResourceId === backup.resourceId ? latestRestorable(source, now)?.getTime() : undefined;
  const reached = Math.min(
    backup.restorableTo?.getTime() ?? Number.POSITIVE_INFINITY,
    backup.stalledAt?.getTime() ?? Number.POSITIVE_INFINITY,
    (own ?? now.getTime()) - lag,
  );
  const to = new Date(Math.max(reached, backup.restorableFrom.getTime()));
  return { from: earliestRestorable(backup.restorableFrom, backup.retentionDays, now), to };
}

/** The window stands still; after the retention period all is gone. */
export function retain(place: Place, backup: AutomatedBackup, at: Date): void {
  const window = windowOf(place, backup, at);
  backup.process?.cancel();
  if (window === undefined) {
    place.automatedBackups.delete(backup.arn);
    return;
  }
  place.turn('auto-backup', backup.instanceId, backup.status, 'retained', at);
  backup.status = 'retained';
  backup.restorableTo = window.to;
  const source = place.places.at(backup.sourceRegion, place.account).instances.get(backup.instanceId);
  if (source !== undefined) {
    source.DBInstanceAutomatedBackupsReplications = source.DBInstanceAutomatedBackupsReplications.filter(
      (link) => link.DBInstanceAutomatedBackupsArn !== backup.arn,
    );
  }
  place.world.timeline.plan(at.getTime() + backup.retentionDays * 86_400_000, (when) => {
    place.automatedBackups.delete(backup.arn);
    discard(place.world, backup, when);
  });
}

/** "Retained automated backups" of an instance that is deleted, in its own region: USER_WorkingWithAutomatedBackups.Retaining.html */
export function retainBackups(place: Place, instance: Instance, at: Date): void {
  if (instance.restorableFrom === undefined) return;
  instance.endedAt ??= at;
  const backup: AutomatedBackup = {
    ...recordOf(place, place, instance),
    status: 'active',
    retentionDays: instance.BackupRetentionPeriod,
    ...(instance.KmsKeyId === undefined ? {} : { kmsKeyId: instance.KmsKeyId }),
    restorableFrom: instance.restorableFrom,
    restorableTo: latestRestorable(instance, at) ?? at,
    TagList: instance.TagList,
  };
  place.automatedBackups.set(backup.arn, backup);
  retain(place, backup, at);
}
