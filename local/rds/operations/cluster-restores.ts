/**
 * New clusters from snapshots and points in time. "This only restores the DB cluster, not the DB instances for that DB cluster":
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
 */
import { inaccessible, usable } from '../keys.ts';
import { clusterArrives } from '../life/arrival.ts';
import { follow } from '../life/data.ts';
import { clusterSettings } from '../life/snapshots.ts';
import { identifier, parseArn } from '../names.ts';
import { type Call, checkTags, type Operations } from '../operation.ts';
import type { Place } from '../place.ts';
import { newCluster } from '../records/birth.ts';
import { type Cluster, earliestClusterTime, latestClusterTime, showCluster } from '../records/cluster.ts';
import { type Snapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Shape } from '../wire/answer.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';
import { isOffered } from './catalogue/engines.ts';
import { findCluster } from './instances.ts';
import { clusterParameters, requestedCluster } from './requested.ts';
import { chosenTime } from './restores.ts';

const both = [...clusterParameters, 'Tags', 'KmsKeyId', 'EngineMode', 'OptionGroupName'];

export const clusterRestoreOperations: Operations = {
  RestoreDBClusterFromSnapshot: {
    takes: [
      'DBClusterIdentifier',
      'SnapshotIdentifier',
      'Engine',
      'EngineVersion',
      'AvailabilityZones',
      'DatabaseName',
      ...both,
    ],
    perform(call) {
      const { input, place, now } = call;
      const snapshot = restorable(call, input.required('SnapshotIdentifier'));
      const engine = input.required('Engine');
      if (engine !== snapshot.Engine) {
        invalidCombination(`The cluster snapshot of ${snapshot.Engine} cannot be restored as ${engine}.`);
      }
      return create(call, {
        Engine: engine,
        EngineVersion: input.text('EngineVersion') ?? snapshot.EngineVersion,
        MasterUsername: snapshot.MasterUsername,
        Port: snapshot.Port,
        encrypted: snapshot.encrypted,
        kmsKeyId: snapshot.KmsKeyId,
        settings: snapshot.settings,
        bring: (made) => follow(place.world, snapshot, made, now),
      });
    },
  },
  RestoreDBClusterToPointInTime: {
    takes: [
      ...['DBClusterIdentifier', 'SourceDBClusterIdentifier', 'SourceDbClusterResourceId', 'RestoreType'],
      ...['RestoreToTime', 'UseLatestRestorableTime', ...both],
    ],
    perform(call) {
      const { input, place, now } = call;
      const source = clusterSource(call);
      const type = input.text('RestoreType') ?? 'full-copy';
      if (type !== 'full-copy' && type !== 'copy-on-write') invalidValue(`Invalid restore type: ${type}`);
      if (type === 'copy-on-write' && input.has('RestoreToTime')) {
        invalidCombination("RestoreToTime can't be specified if the RestoreType parameter is copy-on-write");
      }
      const from = earliestClusterTime(source, now);
      const to = latestClusterTime(source, now);
      if (from === undefined || to === undefined) {
        refuse('InvalidDBClusterStateFault', `The cluster ${source.DBClusterIdentifier} has no backup yet.`);
      }
      if (type === 'full-copy') chosenTime(call, { from, to }, 'RestoreToTime');
      if (source.data !== undefined && input.has('RestoreToTime')) {
        refuse(
          'NotImplemented',
          'a point in time of a database with real data is not known to this fake, only the latest',
          501,
        );
      }
      return create(call, {
        Engine: source.Engine,
        EngineVersion: source.EngineVersion,
        MasterUsername: source.MasterUsername,
        Port: source.Port,
        encrypted: source.StorageEncrypted,
        kmsKeyId: source.KmsKeyId,
        settings: clusterSettings(source),
        bring: (made) => follow(place.world, source, made, now),
      });
    },
  },
};

interface Origin {
  readonly Engine: string;
  readonly EngineVersion: string;
  readonly MasterUsername: string;
  readonly Port: number;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | undefined;
  readonly settings: Snapshot['settings'];
  bring(cluster: Cluster): void;
}

function create(call: Call, origin: Origin): Shape {
  const { input, place, now } = call;
  const id = identifier('DBClusterIdentifier', input.required('DBClusterIdentifier'));
  const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
  requireFreeCluster(place, id);
  if (!isOffered(place, origin.Engine, origin.EngineVersion)) {
    invalidCombination(`Cannot find version ${origin.EngineVersion} for ${origin.Engine}`);
  }
  const asked = requestedCluster(call, origin);
  const key = keyFor(call, origin);
  const made = newCluster(
    place,
    {
      DBClusterIdentifier: id,
      Engine: origin.Engine,
      EngineVersion: origin.EngineVersion,
      MasterUsername: origin.MasterUsername,
      Port: origin.Port,
      StorageEncrypted: origin.encrypted || key !== undefined,
      ...(key === undefined ? {} : { KmsKeyId: key }),
      ...(origin.settings.databaseName === undefined ? {} : { DatabaseName: origin.settings.databaseName }),
      ...(origin.settings.engineMode === undefined ? {} : { EngineMode: origin.settings.engineMode }),
      BackupRetentionPeriod: origin.settings.retentionDays,
      ...asked,
      TagList: tags,
    },
    now,
  );
  origin.bring(made);
  clusterArrives(place, made, 'restore', now);
  return { DBCluster: showCluster(made, now) };
}

export function requireFreeCluster(place: Place, id: string): void {
  if (place.clusters.has(id)) refuse('DBClusterAlreadyExistsFault', 'DB Cluster already exists');
  const most = place.world.quotas.clusters;
  if (place.clusters.size >= most) {
    refuse('DBClusterQuotaExceededFault', `Cannot create more than ${most} DB clusters in this region`, 403);
  }
}

/** A given key encrypts; without one the source's is used. An unencrypted source stays so unless a key is given. */
function keyFor({ input, place }: Call, origin: Origin): string | undefined {
  const name = input.text('KmsKeyId') ?? (origin.encrypted ? origin.kmsKeyId : undefined);
  if (name === undefined) return undefined;
  const key = place.keys.find(name);
  if (key === undefined || !usable(key, place.account)) inaccessible(name);
  return key.arn;
}

/** A snapshot of an instance can become a cluster, too ("you can use only the ARN to specify a DB snapshot"): not here. */
function restorable({ place }: Call, text: string): Snapshot {
  const of = snapshotKinds.cluster;
  const arn = parseArn(text);
  if (arn?.kind === 'snapshot')
    refuse('NotImplemented', 'a cluster from a snapshot of an instance is not known to this fake', 501);
  const home = arn === undefined ? place : place.places.at(arn.region, arn.account);
  const snapshot =
    home.region === place.region ? home.snapshots.cluster.get(arn?.name ?? text.toLowerCase()) : undefined;
  const mayUse = home === place || snapshot?.sharedWith.has(place.account) || snapshot?.sharedWith.has('all');
  if (snapshot === undefined || !mayUse) refuse(of.missing, `DBClusterSnapshot ${text} not found.`);
  if (snapshot.Status !== 'available')
    refuse(of.wrongState, `The snapshot is not in the available state: ${snapshot.Status}`);
  if (home !== place && snapshot.encrypted) {
    refuse(of.wrongState, 'A shared snapshot that is encrypted cannot be restored directly; copy it first.');
  }
  return snapshot;
}

function clusterSource({ input, place }: Call): Cluster {
  const id = input.text('SourceDBClusterIdentifier');
  const resource = input.text('SourceDbClusterResourceId');
  if ((id === undefined) === (resource === undefined)) {
    invalidCombination('One of SourceDBClusterIdentifier and SourceDbClusterResourceId has to be given');
  }
  if (id !== undefined) return findCluster(place, id);
  const found = [...place.clusters.values()].find(({ DbClusterResourceId }) => DbClusterResourceId === resource);
  return found ?? refuse('DBClusterNotFoundFault', `DBCluster ${resource} not found.`);
}
