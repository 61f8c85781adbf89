/**
 * Copies of snapshots, called in the place that the copy goes to.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html, .../API_CopyDBClusterSnapshot.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
 */
import { inaccessible, type Key, usable } from '../keys.ts';
import { beginCopy, isCopying } from '../life/copies.ts';
import { follow } from '../life/data.ts';
import { identifier, parseArn } from '../names.ts';
import { type Call, checkTags, type Operation, type Operations } from '../operation.ts';
import type { Place } from '../place.ts';
import { majorOf } from '../records/birth.ts';
import { type Snapshot, type SnapshotKind, showSnapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Tag } from '../wire/input.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';
import { alreadyExists, requireRoom } from './snapshots.ts';

export const copyOperations: Operations = {
  CopyDBSnapshot: copy(snapshotKinds.instance),
  CopyDBClusterSnapshot: copy(snapshotKinds.cluster),
};

function copy(of: SnapshotKind): Operation {
  const sourceName = `Source${of.noun}Identifier`;
  const targetName = `Target${of.noun}Identifier`;
  const ofInstances = of.kind === 'instance' ? ['OptionGroupName'] : [];
  return {
    // PreSignedUrl "applies only to GovCloud; ignored in other Regions"; the SDK sends it for every other region.
    takes: [sourceName, targetName, 'KmsKeyId', 'Tags', 'CopyTags', 'PreSignedUrl', 'SourceRegion', ...ofInstances],
    perform(call) {
      const { input, place, now } = call;
      const id = identifier(targetName, input.required(targetName), of.longest);
      const { snapshot: source, from } = findSource(call, of, input.required(sourceName), sourceName);
      if (place.snapshots[of.kind].has(id)) alreadyExists(of, id);
      if (source.Status !== 'available') {
        refuse(of.wrongState, `Cannot copy the snapshot because it is not in the available state: ${source.Status}`);
      }
      const far = from !== place;
      const key = keyFor(call, of, source, from);
      const tags = tagsFor(call, source);
      const optionGroup = optionGroupFor(call, source, from);
      requireRoom(place, of);
      if (from.region !== place.region) requireTurn(place);
      const copied: Snapshot = {
        of,
        id,
        arn: place.arn(of.arnKind, id),
        account: place.account,
        sourceId: source.sourceId,
        resourceId: source.resourceId,
        encrypted: source.encrypted || key !== undefined,
        sharedWith: new Set(),
        ...(far ? { copyOf: source.arn, copyFrom: from.region } : {}),
        madeFrom: source.arn,
        ofOriginal: source.madeFrom === undefined,
        ...(source.originalCreateTime === undefined ? {} : { originalCreateTime: source.originalCreateTime }),
        ...(source.dataTime === undefined ? {} : { dataTime: source.dataTime }),
        settings: { ...source.settings, optionGroup, zone: `${place.region}a` },
        Status: '',
        SnapshotType: 'manual',
        PercentProgress: 0,
        Engine: source.Engine,
        EngineVersion: source.EngineVersion,
        AllocatedStorage: source.AllocatedStorage,
        Port: source.Port,
        VpcId: source.VpcId,
        MasterUsername: source.MasterUsername,
        LicenseModel: source.LicenseModel,
        StorageType: source.StorageType,
        ...(key !== undefined
          ? { KmsKeyId: key.arn }
          : source.KmsKeyId !== undefined && !far
            ? { KmsKeyId: source.KmsKeyId }
            : {}),
        TagList: tags,
      };
      beginCopy(place, copied, now);
      follow(place.world, source, copied, now);
      return { [of.noun]: showSnapshot(copied, now) };
    },
  };
}

/**
 * In another region or of another account it is named by its ARN: "If you are copying from a shared manual DB snapshot, this
 * parameter must be the ARN". A snapshot that is not shared with the caller is not there for them.
 */
function findSource(
  { place }: Call,
  of: SnapshotKind,
  text: string,
  parameter: string,
): { snapshot: Snapshot; from: Place } {
  const arn = parseArn(text);
  if (arn === undefined && text.startsWith('arn:')) invalidValue(`Invalid ${parameter}: ${text}`);
  if (arn !== undefined && arn.kind !== of.arnKind)
    invalidValue(`${parameter} is not the ARN of a ${of.noun}: ${text}`);
  const from = arn === undefined ? place : place.places.at(arn.region, arn.account);
  const snapshot = from.snapshots[of.kind].get(arn?.name ?? text.toLowerCase());
  const mayUse =
    from.account === place.account || snapshot?.sharedWith.has(place.account) || snapshot?.sharedWith.has('all');
  if (snapshot === undefined || !mayUse) refuse(of.missing, `The source snapshot ${text} is not found.`);
  return { snapshot, from };
}

/**
 * "If you copy an encrypted snapshot to a different AWS Region, then you must specify an AWS KMS key identifier for the
 * destination AWS Region"; the same for one that another account shares. The refusal in words:
 * https://github.com/pbudzon/aws-maintenance/issues/5. `KMSKeyNotAccessibleFault` may mean the key of the source, too:
 * https://github.com/pbudzon/aws-maintenance/issues/13. An unencrypted snapshot of an instance is encrypted when a key is
 * given; of a cluster, "if you specify this parameter when you copy an unencrypted DB cluster snapshot, an error is returned".
 */
function keyFor({ input, place }: Call, of: SnapshotKind, source: Snapshot, from: Place): Key | undefined {
  const given = input.text('KmsKeyId');
  if (source.encrypted) {
    const sourceKey = from.keys.find(source.KmsKeyId ?? '');
    if (sourceKey === undefined || !usable(sourceKey, place.account)) inaccessible(source.KmsKeyId ?? 'null');
    if (given === undefined && from.region !== place.region) {
      invalidValue('Must specify new KMS key for cross region encrypted snapshot copy');
    }
    if (given === undefined && from.account !== place.account) {
      invalidValue('Must specify a KMS key for the copy of an encrypted snapshot that another account shares');
    }
  } else if (given !== undefined && of.kind === 'cluster') {
    invalidCombination('A KMS key cannot be specified for the copy of an unencrypted DB cluster snapshot');
  }
  if (given === undefined) return undefined;
  const key = place.keys.find(given);
  if (key === undefined || !usable(key, place.account)) inaccessible(given);
  return key;
}

/** With CopyTags the source's reserved tags are in the way: https://github.com/cloud-custodian/cloud-custodian/issues/6782 */
function tagsFor({ input, place }: Call, source: Snapshot): readonly Tag[] {
  const own = input.tags() ?? [];
  const copied = input.flag('CopyTags') && own.length === 0 ? source.TagList : [];
  return checkTags([...own, ...copied], place.world.quotas.tags);
}

/**
 * Option groups stay in their region. A snapshot with options of its own is restored with the default group, unless the copy
 * names another; "if your source DB instance uses Transparent Data Encryption for Oracle or Microsoft SQL Server, you must
 * specify this option".
 */
function optionGroupFor({ input, place }: Call, source: Snapshot, from: Place): string {
  const given = input.text('OptionGroupName');
  if (given !== undefined) {
    if (!place.optionGroups.has(given) && !given.startsWith('default:')) {
      refuse('OptionGroupNotFoundFault', `Specified OptionGroupName: ${given} not found.`);
    }
    return given;
  }
  const own = source.settings.optionGroup;
  if (from === place || own === '' || own.startsWith('default:')) return own;
  const options = from.optionGroups.get(own)?.options ?? [];
  if (options.some(({ OptionName }) => ['TDE', 'TRANSPARENT_DATA_ENCRYPTION'].includes(OptionName))) {
    invalidCombination(
      'An option group is required for the copy of a snapshot whose source uses Transparent Data Encryption',
    );
  }
  return `default:${source.Engine}-${majorOf(source.Engine, source.EngineVersion).replace('.', '-')}`;
}

/**
 * "Up to 20 snapshot copy requests in progress from a given account to a single destination Region", instances and clusters
 * together; the same code as a full region, told apart by the words: https://github.com/pbudzon/aws-maintenance/issues/19
 */
function requireTurn(place: Place): void {
  const most = place.world.quotas.copies;
  const all = [...place.snapshots.instance.values(), ...place.snapshots.cluster.values()];
  const under = all.filter((one) => isCopying(one) && one.copyFrom !== undefined && one.copyFrom !== place.region);
  if (under.length >= most) refuse('SnapshotQuotaExceeded', `Cannot copy more than ${most} snapshots across regions`);
}
