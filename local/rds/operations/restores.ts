/**
 * New instances from snapshots and from points in time. What the request does not say is the default, not what the source had:
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
 */
import { inaccessible, usable } from '../keys.ts';
import { instanceArrives } from '../life/arrival.ts';
import { follow } from '../life/data.ts';
import { windowOf } from '../life/replication.ts';
import { settingsOf } from '../life/snapshots.ts';
import { identifier, parseArn } from '../names.ts';
import { type Call, checkTags, type Operations } from '../operation.ts';
import type { Place } from '../place.ts';
import type { AutomatedBackup } from '../records/automated-backup.ts';
import { newInstance } from '../records/birth.ts';
import { earliestRestorable, type Instance, latestRestorable, showInstance } from '../records/instance.ts';
import { type Snapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';
import { isOffered } from './catalogue/engines.ts';
import { findInstance } from './instances.ts';
import { instanceParameters, requestedInstance } from './requested.ts';

const both = [...instanceParameters, 'Port', 'AvailabilityZone', 'Engine', 'Tags', 'EnableCloudwatchLogsExports'];

export const restoreOperations: Operations = {
  RestoreDBInstanceFromDBSnapshot: {
    takes: ['DBInstanceIdentifier', 'DBSnapshotIdentifier', ...both],
    perform(call) {
      const { input, place, now } = call;
      const snapshot = restorable(call, input.required('DBSnapshotIdentifier'));
      return create(call, input.required('DBInstanceIdentifier'), {
        Engine: snapshot.Engine,
        EngineVersion: snapshot.EngineVersion,
        AllocatedStorage: snapshot.AllocatedStorage,
        port: snapshot.Port,
        MasterUsername: snapshot.MasterUsername,
        LicenseModel: snapshot.LicenseModel,
        StorageType: snapshot.StorageType,
        encrypted: snapshot.encrypted,
        kmsKeyId: snapshot.KmsKeyId,
        settings: snapshot.settings,
        tags: sourceTags(place, snapshot.resourceId),
        bring: (instance) => follow(place.world, snapshot, instance, now),
      });
    },
  },
  RestoreDBInstanceToPointInTime: {
    takes: [
      ...['TargetDBInstanceIdentifier', 'SourceDBInstanceIdentifier', 'SourceDbiResourceId'],
      ...['SourceDBInstanceAutomatedBackupsArn', 'RestoreTime', 'UseLatestRestorableTime', ...both],
    ],
    perform(call) {
      const { input, place, now } = call;
      const { instance, backup } = pointInTimeSource(call);
      const window = backup === undefined ? windowOfInstance(instance, now) : windowOf(place, backup, now);
      const name = instance?.DBInstanceIdentifier ?? backup?.instanceId;
      if (window === undefined)
        refuse('PointInTimeRestoreNotEnabled', `Point-in-time restore is not enabled for ${name}.`);
      const time = chosenTime(call, window, 'RestoreTime');
      const source = instance ?? (backup as AutomatedBackup);
      if (source.data !== undefined && input.has('RestoreTime')) {
        refuse(
          'NotImplemented',
          'a point in time of a database with real data is not known to this fake, only the latest',
          501,
        );
      }
      return create(call, input.required('TargetDBInstanceIdentifier'), {
        ...(instance === undefined ? { ...(backup as AutomatedBackup).settings } : ofInstance(instance)),
        port: instance?.DbInstancePort ?? backup?.settings.Port ?? 5432,
        kmsKeyId: instance?.KmsKeyId ?? backup?.kmsKeyId,
        tags: [],
        bring: (made) => {
          made.restoredTo = time;
          follow(place.world, source, made, now);
        },
      });
    },
  },
};

interface Origin
  extends Pick<
    Snapshot,
    | 'Engine'
    | 'EngineVersion'
    | 'AllocatedStorage'
    | 'MasterUsername'
    | 'LicenseModel'
    | 'StorageType'
    | 'encrypted'
    | 'settings'
  > {
  readonly port: number;
  readonly kmsKeyId: string | undefined;
  readonly tags: readonly Tag[];
  bring(instance: Instance): void;
}

function create(call: Call, name: string, origin: Origin): Shape {
  const { input, place, now } = call;
  const id = identifier('DBInstanceIdentifier', name);
  const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
  requireFree(place, id);
  const engine = input.text('Engine') ?? origin.Engine;
  if (engine !== origin.Engine) invalidCombination(`A snapshot of ${origin.Engine} cannot be restored as ${engine}.`);
  if (!isOffered(place, engine, origin.EngineVersion)) {
    invalidCombination(`Cannot find version ${origin.EngineVersion} for ${engine}`);
  }
  if (origin.encrypted) {
    const key = place.keys.find(origin.kmsKeyId ?? '');
    if (key === undefined || !usable(key, place.account)) inaccessible(origin.kmsKeyId ?? 'null');
  }
  const asked = requestedInstance(call, { Engine: engine, EngineVersion: origin.EngineVersion });
  if ((asked.AllocatedStorage ?? origin.AllocatedStorage) < origin.AllocatedStorage) {
    invalidCombination('The storage of a restored instance cannot be less than that of its source');
  }
  const { settings } = origin;
  const made = newInstance(
    place,
    {
      DBInstanceIdentifier: id,
      Engine: engine,
      EngineVersion: origin.EngineVersion,
      AllocatedStorage: origin.AllocatedStorage,
      MasterUsername: origin.MasterUsername,
      LicenseModel: origin.LicenseModel,
      StorageType: origin.StorageType,
      StorageEncrypted: origin.encrypted,
      ...(origin.kmsKeyId === undefined ? {} : { KmsKeyId: origin.kmsKeyId }),
      DbInstancePort: input.whole('Port') ?? origin.port,
      ...(settings.databaseName === undefined ? {} : { DBName: settings.databaseName }),
      ...(settings.iops === undefined ? {} : { Iops: settings.iops }),
      ...(settings.throughput === undefined ? {} : { StorageThroughput: settings.throughput }),
      ...(settings.instanceClass === undefined ? {} : { DBInstanceClass: settings.instanceClass }),
      // "Default: Uses existing setting", which is one of the few that come along.
      BackupRetentionPeriod: settings.retentionDays,
      AvailabilityZone: input.text('AvailabilityZone') ?? `${place.region}a`,
      ...asked,
      TagList: tags.length > 0 ? tags : origin.tags,
    },
    now,
  );
  const exports = input.texts('EnableCloudwatchLogsExports');
  if (exports !== undefined) made.EnabledCloudwatchLogsExports = exports;
  origin.bring(made);
  instanceArrives(place, made, 'restore', now);
  return { DBInstance: showInstance(made, now) };
}

/** 40 instances in a region: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html */
export function requireFree(place: Place, id: string): void {
  if (place.instances.has(id)) refuse('DBInstanceAlreadyExists', 'DB instance already exists');
  const most = place.world.quotas.instances;
  if (place.instances.size >= most) {
    refuse('InstanceQuotaExceeded', `Cannot create more than ${most} DB instances in this region`);
  }
}

/**
 * "If you are restoring from a shared manual DB snapshot, the DBSnapshotIdentifier must be the ARN". A shared one that is
 * encrypted has to be copied first: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html (the code
 * of that refusal is not documented). One of another region cannot be restored here.
 */
function restorable({ place }: Call, text: string): Snapshot {
  const of = snapshotKinds.instance;
  const arn = parseArn(text);
  const home = arn === undefined ? place : place.places.at(arn.region, arn.account);
  const snapshot =
    home.region === place.region ? home.snapshots.instance.get(arn?.name ?? text.toLowerCase()) : undefined;
  const mayUse = home === place || snapshot?.sharedWith.has(place.account) || snapshot?.sharedWith.has('all');
  if (snapshot === undefined || !mayUse) refuse(of.missing, `DBSnapshot ${text} not found.`);
  if (snapshot.Status !== 'available') {
    refuse(
      of.wrongState,
      `Cannot restore from the snapshot because it is not in the available state: ${snapshot.Status}`,
    );
  }
  if (home !== place && snapshot.encrypted) {
    refuse(of.wrongState, 'A shared snapshot that is encrypted cannot be restored directly; copy it first.');
  }
  return snapshot;
}

/** "If there are no new tags, RDS looks for the tags from the source DB instance for the DB snapshot": CopyTagsToSnapshot of the restore. */
function sourceTags(place: Place, resourceId: string): readonly Tag[] {
  const source = [...place.instances.values()].find(({ DbiResourceId }) => DbiResourceId === resourceId);
  return (source?.TagList ?? []).filter(({ Key }) => !Key.startsWith('aws:'));
}

function pointInTimeSource({ input, place }: Call): { instance?: Instance; backup?: AutomatedBackup } {
  const id = input.text('SourceDBInstanceIdentifier');
  const resource = input.text('SourceDbiResourceId');
  const arn = input.text('SourceDBInstanceAutomatedBackupsArn');
  const said = [id, resource, arn].filter((one) => one !== undefined);
  if (said.length !== 1) {
    invalidCombination(
      'One of SourceDBInstanceIdentifier, SourceDbiResourceId and SourceDBInstanceAutomatedBackupsArn has to be given',
    );
  }
  if (arn !== undefined) {
    // "Automated backups replicated here": an ARN of another region finds nothing.
    const backup = place.automatedBackups.get(arn.toLowerCase());
    return backup === undefined ? refuse('DBInstanceAutomatedBackupNotFound', `${arn} not found.`) : { backup };
  }
  if (resource !== undefined) {
    const instance = [...place.instances.values()].find(({ DbiResourceId }) => DbiResourceId === resource);
    if (instance !== undefined) return { instance };
    const backup = [...place.automatedBackups.values()].find((one) => one.resourceId === resource);
    return backup === undefined ? refuse('DBInstanceNotFound', `DBInstance ${resource} not found.`) : { backup };
  }
  const instance = findInstance(place, id as string);
  if (instance.DBClusterIdentifier !== undefined) {
    invalidValue('The specified instance is a member of a cluster. Please use RestoreDBClusterToPointInTime instead.');
  }
  return { instance };
}

function windowOfInstance(instance: Instance | undefined, now: Date): { from: Date; to: Date } | undefined {
  const to = instance && latestRestorable(instance, now);
  if (instance?.restorableFrom === undefined || to === undefined) return undefined;
  return { from: earliestRestorable(instance.restorableFrom, instance.BackupRetentionPeriod, now), to };
}

/** "Must be before the latest restorable time"; "can't be specified if the UseLatestRestorableTime parameter is enabled". */
export function chosenTime({ input }: Call, window: { from: Date; to: Date }, parameter: string): Date {
  const time = input.time(parameter);
  const latest = input.flag('UseLatestRestorableTime') ?? false;
  if ((time !== undefined) === latest) {
    invalidCombination(`Either ${parameter} or UseLatestRestorableTime has to be given, and not both`);
  }
  if (time === undefined) return window.to;
  if (time > window.to) {
    invalidValue(`The specified instance cannot be restored to a time later than ${window.to.toISOString()}`);
  }
  if (time < window.from) {
    invalidValue(`The specified instance cannot be restored to a time earlier than ${window.from.toISOString()}`);
  }
  return time;
}

function ofInstance(one: Instance): Omit<Origin, 'port' | 'kmsKeyId' | 'tags' | 'bring'> {
  const { Engine, EngineVersion, AllocatedStorage, MasterUsername, LicenseModel, StorageType } = one;
  const rest = { Engine, EngineVersion, AllocatedStorage, MasterUsername, LicenseModel, StorageType };
  return { ...rest, encrypted: one.StorageEncrypted, settings: settingsOf(one) };
}
