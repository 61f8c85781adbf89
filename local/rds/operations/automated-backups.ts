/**
 * The windows of points in time: of what runs here, of what is replicated here from another region, of what was deleted and
 * retained. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
 */
import { inaccessible, usable } from '../keys.ts';
import { beginReplication, retain, windowOf } from '../life/replication.ts';
import { parseArn } from '../names.ts';
import { type Call, checkTags, type Operations } from '../operation.ts';
import { filtered, page, pageParameters } from '../pages.ts';
import type { Place } from '../place.ts';
import type { AutomatedBackup } from '../records/automated-backup.ts';
import { earliestClusterTime, latestClusterTime } from '../records/cluster.ts';
import { earliestRestorable, type Instance, latestRestorable } from '../records/instance.ts';
import type { Shape } from '../wire/answer.ts';
import { invalidValue, refuse } from '../wire/refusal.ts';

export const automatedBackupOperations: Operations = {
  DescribeDBInstanceAutomatedBackups: {
    takes: ['DbiResourceId', 'DBInstanceIdentifier', 'DBInstanceAutomatedBackupsArn', ...pageParameters],
    perform({ input, place, now, paging }) {
      const id = input.text('DBInstanceIdentifier')?.toLowerCase();
      const resource = input.text('DbiResourceId')?.toLowerCase();
      const arn = input.text('DBInstanceAutomatedBackupsArn')?.toLowerCase();
      const all = [
        ...ofInstances(place, now),
        ...[...place.automatedBackups.values()].map((one) => ofBackup(place, one, now)),
      ];
      const found = all.filter(
        (one) =>
          (id === undefined || one.DBInstanceIdentifier === id) &&
          (resource === undefined || String(one.DbiResourceId).toLowerCase() === resource) &&
          (arn === undefined || String(one.DBInstanceAutomatedBackupsArn).toLowerCase() === arn),
      );
      if (arn !== undefined && found.length === 0) refuse('DBInstanceAutomatedBackupNotFound', `${arn} not found.`);
      const left = filtered(found, input.filters(), {
        status: ({ Status }) => [String(Status)],
        'db-instance-id': ({ DBInstanceIdentifier, DBInstanceArn }) => [
          String(DBInstanceIdentifier),
          String(DBInstanceArn),
        ],
        'dbi-resource-id': ({ DbiResourceId }) => [String(DbiResourceId)],
      });
      const list = left.map((shape) => ({
        key: `${shape.DBInstanceAutomatedBackupsArn ?? ''} ${shape.DbiResourceId}`,
        show: () => shape,
      }));
      return page('DBInstanceAutomatedBackups', list, input, paging);
    },
  },
  DescribeDBClusterAutomatedBackups: {
    takes: ['DbClusterResourceId', 'DBClusterIdentifier', ...pageParameters],
    perform({ input, place, now, paging }) {
      const id = input.text('DBClusterIdentifier')?.toLowerCase();
      const resource = input.text('DbClusterResourceId')?.toLowerCase();
      const found = ofClusters(place, now).filter(
        (one) =>
          (id === undefined || one.DBClusterIdentifier === id) &&
          (resource === undefined || String(one.DbClusterResourceId).toLowerCase() === resource),
      );
      const left = filtered(found, input.filters(), {
        status: ({ Status }) => [String(Status)],
        'db-cluster-id': ({ DBClusterIdentifier, DBClusterArn }) => [String(DBClusterIdentifier), String(DBClusterArn)],
        'db-cluster-resource-id': ({ DbClusterResourceId }) => [String(DbClusterResourceId)],
      });
      const list = left.map((shape) => ({ key: String(shape.DbClusterResourceId), show: () => shape }));
      return page('DBClusterAutomatedBackups', list, input, paging);
    },
  },
  // Called in the region that the backups go to. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
  StartDBInstanceAutomatedBackupsReplication: {
    takes: ['SourceDBInstanceArn', 'BackupRetentionPeriod', 'KmsKeyId', 'PreSignedUrl', 'SourceRegion', 'Tags'],
    perform(call) {
      const { input, place, now } = call;
      const { instance, from } = source(call);
      const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
      const days = input.whole('BackupRetentionPeriod') ?? 7;
      if (days < 1 || days > 35) invalidValue(`Invalid backup retention period: ${days}. Must be between 1 and 35`);
      if (from.region === place.region)
        invalidValue('The source instance is in this region: replication goes to another');
      if (instance.BackupRetentionPeriod === 0) {
        refuse(
          'InvalidDBInstanceState',
          `Automated backups are not enabled for the DB instance ${instance.DBInstanceIdentifier}.`,
        );
      }
      if (instance.DBInstanceStatus !== 'available') {
        refuse(
          'InvalidDBInstanceState',
          `The DB instance ${instance.DBInstanceIdentifier} is not in the available state.`,
        );
      }
      const others = [...place.automatedBackups.values()];
      const before = others.find((one) => one.resourceId === instance.DbiResourceId && one.status !== 'retained');
      if (before !== undefined) {
        refuse(
          'InvalidDBInstanceAutomatedBackupState',
          `Automated backups of ${instance.DBInstanceIdentifier} are replicated to this region already.`,
        );
      }
      // "You can replicate up to 20 backups to each destination AWS Region": USER_ReplicateBackups.html
      const most = place.world.quotas.replications;
      if (others.filter(({ status }) => status !== 'retained').length >= most) {
        refuse(
          'DBInstanceAutomatedBackupQuotaExceeded',
          `Cannot replicate more than ${most} automated backups to this region`,
        );
      }
      const backup = beginReplication(place, from, instance, { days, key: key(call, instance), tags, at: now });
      return { DBInstanceAutomatedBackup: ofBackup(place, backup, now) };
    },
  },
  // What was replicated stays until its retention is over: "retained ... after backup replication is stopped".
  StopDBInstanceAutomatedBackupsReplication: {
    takes: ['SourceDBInstanceArn'],
    perform({ input, place, now }) {
      const arn = input.required('SourceDBInstanceArn').toLowerCase();
      const backup = [...place.automatedBackups.values()].find(
        (one) => one.instanceArn.toLowerCase() === arn && one.status !== 'retained',
      );
      if (backup === undefined)
        refuse('DBInstanceNotFound', `No automated backups of ${arn} are replicated to this region.`);
      retain(place, backup, now);
      return { DBInstanceAutomatedBackup: ofBackup(place, backup, now) };
    },
  },
  DeleteDBInstanceAutomatedBackup: {
    takes: ['DbiResourceId', 'DBInstanceAutomatedBackupsArn'],
    perform({ input, place, now }) {
      const resource = input.text('DbiResourceId')?.toLowerCase();
      const arn = input.text('DBInstanceAutomatedBackupsArn')?.toLowerCase();
      const backup = [...place.automatedBackups.values()].find(
        (one) => one.arn.toLowerCase() === arn || one.resourceId.toLowerCase() === resource,
      );
      if (backup === undefined) refuse('DBInstanceAutomatedBackupNotFound', `${arn ?? resource} not found.`);
      if (backup.status !== 'retained') {
        refuse('InvalidDBInstanceAutomatedBackupState', 'Only retained automated backups can be deleted.');
      }
      place.automatedBackups.delete(backup.arn);
      return { DBInstanceAutomatedBackup: ofBackup(place, backup, now) };
    },
  },
};

function source({ input, place }: Call): { instance: Instance; from: Place } {
  const text = input.required('SourceDBInstanceArn');
  const arn = parseArn(text);
  if (arn === undefined || arn.kind !== 'db') invalidValue(`Invalid source instance ARN: ${text}`);
  const from = place.places.at(arn.region, arn.account);
  const instance = arn.account === place.account ? from.instances.get(arn.name) : undefined;
  return instance === undefined ? refuse('DBInstanceNotFound', `DBInstance ${text} not found.`) : { instance, from };
}

/** "If your source is encrypted, you need a KMS key of the destination": its ARN, as the parameter's description says. */
function key({ input, place }: Call, instance: Instance): string | undefined {
  const given = input.text('KmsKeyId');
  if (!instance.StorageEncrypted) return undefined;
  const found = given === undefined ? undefined : place.keys.find(given);
  if (given === undefined) invalidValue('A KMS key of the destination region is required for an encrypted source');
  if (found === undefined || !usable(found, place.account)) inaccessible(given);
  return found.arn;
}

function ofInstances(place: Place, now: Date): Shape[] {
  return [...place.instances.values()]
    .filter((one) => one.BackupRetentionPeriod > 0 && one.DBClusterIdentifier === undefined)
    .map((one) => ({
      DBInstanceArn: one.DBInstanceArn,
      DbiResourceId: one.DbiResourceId,
      Region: place.region,
      DBInstanceIdentifier: one.DBInstanceIdentifier,
      RestoreWindow:
        one.restorableFrom === undefined
          ? {}
          : {
              EarliestTime: earliestRestorable(one.restorableFrom, one.BackupRetentionPeriod, now),
              LatestTime: latestRestorable(one, now),
            },
      Status: one.restorableFrom === undefined ? 'creating' : 'active',
      AllocatedStorage: one.AllocatedStorage,
      Engine: one.Engine,
      EngineVersion: one.EngineVersion,
      Encrypted: one.StorageEncrypted,
      KmsKeyId: one.KmsKeyId,
      BackupRetentionPeriod: one.BackupRetentionPeriod,
      DBInstanceAutomatedBackupsReplications: one.DBInstanceAutomatedBackupsReplications.map((replica) => ({
        ...replica,
      })),
      TagList: [],
    }));
}

/**
 * The API's page names `active`, `retained` and `creating`; the user guide's examples of replicated backups show `pending` and
 * `replicating`. The region is that of the instance.
 */
function ofBackup(place: Place, one: AutomatedBackup, now: Date): Shape {
  const window = windowOf(place, one, now);
  return {
    DBInstanceArn: one.instanceArn,
    DbiResourceId: one.resourceId,
    Region: one.sourceRegion,
    DBInstanceIdentifier: one.instanceId,
    RestoreWindow: window === undefined ? {} : { EarliestTime: window.from, LatestTime: window.to },
    Status: one.status,
    AllocatedStorage: one.settings.AllocatedStorage,
    Engine: one.settings.Engine,
    EngineVersion: one.settings.EngineVersion,
    MasterUsername: one.settings.MasterUsername,
    Encrypted: one.settings.encrypted,
    KmsKeyId: one.kmsKeyId,
    BackupRetentionPeriod: one.retentionDays,
    DBInstanceAutomatedBackupsArn: one.arn,
    TagList: one.TagList.map((tag) => ({ ...tag })),
  };
}

function ofClusters(place: Place, now: Date): Shape[] {
  return [...place.clusters.values()].map((one) => {
    const from = earliestClusterTime(one, now);
    return {
      DBClusterArn: one.DBClusterArn,
      DBClusterIdentifier: one.DBClusterIdentifier,
      DbClusterResourceId: one.DbClusterResourceId,
      DBClusterAutomatedBackupsArn: place.arn('cluster-auto-backup', one.DbClusterResourceId.toLowerCase()),
      Region: place.region,
      RestoreWindow: from === undefined ? {} : { EarliestTime: from, LatestTime: latestClusterTime(one, now) },
      Status: from === undefined ? 'creating' : 'active',
      Engine: one.Engine,
      EngineVersion: one.EngineVersion,
      EngineMode: one.EngineMode,
      StorageEncrypted: one.StorageEncrypted,
      KmsKeyId: one.KmsKeyId,
      BackupRetentionPeriod: one.BackupRetentionPeriod,
      ClusterCreateTime: one.ClusterCreateTime,
      MasterUsername: one.MasterUsername,
      AllocatedStorage: one.AllocatedStorage,
      Port: one.Port,
      TagList: [],
    };
  });
}
