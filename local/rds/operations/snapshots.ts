/** Snapshots made, listed and deleted: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html and its sisters. */
import { remove } from '../life/backups.ts';
import { abandonCopy, failCopiesOf, isCopying, startNext } from '../life/copies.ts';
import { settle, snapshotCluster, snapshotInstance } from '../life/snapshots.ts';
import { snapshotStatus, tellOfSnapshot } from '../life/statuses.ts';
import { identifier, parseArn } from '../names.ts';
import { type Call, checkTags, type Operation, type Operations } from '../operation.ts';
import { filtered, page, pageParameters } from '../pages.ts';
import type { Place } from '../place.ts';
import { snapshotStatuses } from '../records/instance.ts';
import { type Snapshot, type SnapshotKind, showSnapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';

export const snapshotOperations: Operations = {
  CreateDBSnapshot: create(snapshotKinds.instance),
  CreateDBClusterSnapshot: create(snapshotKinds.cluster),
  DescribeDBSnapshots: describe(snapshotKinds.instance),
  DescribeDBClusterSnapshots: describe(snapshotKinds.cluster),
  DeleteDBSnapshot: deletion(snapshotKinds.instance),
  DeleteDBClusterSnapshot: deletion(snapshotKinds.cluster),
};

function create(of: SnapshotKind): Operation {
  return {
    takes: [of.idName, of.sourceIdName, 'Tags'],
    perform: ({ input, place, now }) => {
      const id = identifier(of.idName, input.required(of.idName), of.longest);
      const sourceId = input.required(of.sourceIdName).toLowerCase();
      const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
      const source = of.kind === 'instance' ? place.instances.get(sourceId) : place.clusters.get(sourceId);
      if (source === undefined) refuse(of.sourceMissing, `${of.sourceNoun} ${sourceId} not found.`);
      refuseMember(source);
      const exists = place.snapshots[of.kind].has(id);
      const ready = snapshotStatuses.includes('DBInstanceStatus' in source ? source.DBInstanceStatus : source.Status);
      // Which of the two a client hears of is not documented; both happen to one that asks again after a lost answer.
      if (exists && (ready || !place.world.stateFirst)) alreadyExists(of, id);
      if (!ready) {
        refuse(
          of.sourceWrongState,
          `Cannot create a snapshot because the database ${of.kind} ${sourceId} is not currently in the available state.`,
        );
      }
      if (exists) alreadyExists(of, id);
      requireRoom(place, of);
      const request = { id, type: 'manual' as const, tags: withSourceTags(source, tags), at: now };
      const snapshot =
        'DBInstanceStatus' in source
          ? snapshotInstance(place, source, request)
          : snapshotCluster(place, source, request);
      return { [of.noun]: showSnapshot(snapshot, now) };
    },
  };
}

/** In words: https://github.com/cloud-custodian/cloud-custodian/issues/313 */
function refuseMember(source: object): void {
  if ('DBInstanceStatus' in source && 'DBClusterIdentifier' in source && source.DBClusterIdentifier !== undefined) {
    invalidValue(
      'The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the CreateDBClusterSnapshot API instead.',
    );
  }
}

export function alreadyExists(of: SnapshotKind, id: string): never {
  refuse(of.exists, `Cannot create the snapshot because a snapshot with the identifier ${id} already exists.`);
}

/**
 * `CopyTagsToSnapshot` copies the instance's tags; those with `aws:` are only in snapshots that the console made
 * (https://github.com/cloud-custodian/cloud-custodian/issues/6782).
 */
function withSourceTags(source: { CopyTagsToSnapshot: boolean; TagList: readonly Tag[] }, own: readonly Tag[]): Tag[] {
  if (!source.CopyTagsToSnapshot) return [...own];
  const named = new Set(own.map(({ Key }) => Key));
  return [...source.TagList.filter(({ Key }) => !named.has(Key) && !Key.startsWith('aws:')), ...own];
}

/**
 * 100 manual snapshots of instances and 100 of clusters in a region, whatever their status:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html, in words
 * https://github.com/pbudzon/aws-maintenance/issues/12
 */
export function requireRoom(place: Place, of: SnapshotKind): void {
  const most = place.world.quotas[of.quota];
  const manual = [...place.snapshots[of.kind].values()].filter(({ SnapshotType }) => SnapshotType === 'manual');
  if (manual.length >= most) refuse('SnapshotQuotaExceeded', `Cannot create more than ${most} manual snapshots`);
}

/**
 * By name here; by ARN also what others share. "If you don't specify SnapshotType, both automated and manual snapshots are
 * returned. Shared and public ... are not included", unless IncludeShared and IncludePublic say so. An automated one by its
 * name wants SnapshotType: "If this identifier is for an automated snapshot, the SnapshotType parameter must also be specified."
 */
function describe(of: SnapshotKind): Operation {
  const resource = of.kind === 'instance' ? ['DbiResourceId'] : ['DbClusterResourceId'];
  return {
    takes: [
      of.idName,
      of.sourceIdName,
      'SnapshotType',
      'IncludeShared',
      'IncludePublic',
      ...resource,
      ...pageParameters,
    ],
    perform(call) {
      const { input, place, now } = call;
      const type = input.text('SnapshotType');
      if (type !== undefined && !['automated', 'manual', 'shared', 'public', 'awsbackup'].includes(type)) {
        invalidValue(`Invalid snapshot type: ${type}`);
      }
      const id = input.text(of.idName)?.toLowerCase();
      const sourceId = input.text(of.sourceIdName)?.toLowerCase();
      if (id !== undefined && sourceId !== undefined) {
        invalidCombination(`${of.idName} and ${of.sourceIdName} cannot be specified together`);
      }
      const resourceId = input.text(resource[0] as string);
      const inView = visible(call, of, type).filter(
        (snapshot) =>
          (id === undefined || isNamed(snapshot, id, place)) &&
          (sourceId === undefined || snapshot.sourceId === sourceId) &&
          (resourceId === undefined || snapshot.resourceId === resourceId),
      );
      const automatedOnly = inView.length > 0 && inView.every(({ SnapshotType }) => SnapshotType === 'automated');
      if (id !== undefined && (inView.length === 0 || (type === undefined && automatedOnly))) {
        refuse(of.missing, `${of.noun} ${id} not found.`);
      }
      const left = filtered(inView, input.filters(), {
        [of.kind === 'instance' ? 'db-instance-id' : 'db-cluster-id']: ({ sourceId: source }) => [
          source,
          place.arn(of.kind === 'instance' ? 'db' : 'cluster', source),
        ],
        [of.kind === 'instance' ? 'db-snapshot-id' : 'db-cluster-snapshot-id']: ({ id: name }) => [name],
        'snapshot-type': ({ SnapshotType }) => [SnapshotType],
        engine: ({ Engine }) => [Engine],
        ...(of.kind === 'instance'
          ? { 'dbi-resource-id': ({ resourceId: own }: Snapshot) => [own] }
          : { 'db-cluster-resource-id': ({ resourceId: own }: Snapshot) => [own] }),
      });
      const list = left.map((snapshot) => ({ key: snapshot.arn, show: () => showSnapshot(snapshot, now) }));
      return page(`${of.noun}s`, list, input, call.paging);
    },
  };
}

function visible({ input, place }: Call, of: SnapshotKind, type: string | undefined): Snapshot[] {
  const own = [...place.snapshots[of.kind].values()];
  const others = place.places
    .all()
    .filter(({ region, account }) => region === place.region && account !== place.account);
  const foreign = others.flatMap((other) => [...other.snapshots[of.kind].values()]);
  const shared = foreign.filter(({ sharedWith }) => sharedWith.has(place.account));
  const open = foreign.filter(({ sharedWith }) => sharedWith.has('all'));
  if (type === 'shared') return shared;
  if (type === 'public') return open;
  return [
    ...own.filter(({ SnapshotType }) => type === undefined || SnapshotType === type),
    ...(type === undefined && input.flag('IncludeShared') ? shared : []),
    ...(type === undefined && input.flag('IncludePublic') ? open : []),
  ];
}

function isNamed(snapshot: Snapshot, id: string, place: Place): boolean {
  return snapshot.arn === id || (snapshot.account === place.account && snapshot.id === id);
}

/**
 * "The snapshot must be in the available state to be deleted"; a failed one can be deleted as well, a copy under way is
 * cancelled ("If the snapshot is being copied, the copy operation is terminated",
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSnapshot.html). Automated ones cannot be:
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteSnapshot.html
 */
function deletion(of: SnapshotKind): Operation {
  return {
    takes: [of.idName],
    perform({ input, place, now }): Shape {
      const snapshot = ownSnapshot(place, of, input.required(of.idName));
      if (snapshot.SnapshotType === 'automated') {
        refuse(of.wrongState, `Only manual snapshots may be deleted.`);
      }
      if (!['available', 'failed', 'copying'].includes(snapshot.Status)) {
        refuse(
          of.wrongState,
          `Cannot delete the snapshot because it is not currently in the available or failed state.`,
        );
      }
      const wasCopying = isCopying(snapshot);
      if (wasCopying) abandonCopy(place, snapshot, now);
      snapshotStatus(place, snapshot, 'deleting', now);
      if (wasCopying) startNext(place, snapshot, now);
      failCopiesOf(place, snapshot, now);
      snapshot.process = place.begin({
        kind: 'delete-snapshot',
        subject: snapshot.id,
        work: { gibibytes: snapshot.AllocatedStorage },
        done(at) {
          tellOfSnapshot(place, snapshot, at, [
            of.kind === 'instance' ? '0041' : '0073',
            'Deleted manual snapshot',
            'deletion',
          ]);
          remove(place, snapshot, at);
        },
        // Deletions that silently do not happen: https://github.com/vmware-tanzu/velero/issues/9693
        failed(at, status) {
          settle(snapshot, at);
          snapshotStatus(place, snapshot, status ?? 'available', at);
        },
      });
      return { [of.noun]: showSnapshot(snapshot, now) };
    },
  };
}

/** Of this account, in this region, by name or ARN. */
export function ownSnapshot(place: Place, of: SnapshotKind, text: string): Snapshot {
  const arn = parseArn(text);
  const here =
    arn === undefined || (arn.region === place.region && arn.account === place.account && arn.kind === of.arnKind);
  const snapshot = here ? place.snapshots[of.kind].get((arn?.name ?? text).toLowerCase()) : undefined;
  return snapshot ?? refuse(of.missing, `${of.noun} ${text} not found.`);
}
