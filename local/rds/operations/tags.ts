/** Tags of anything that has an ARN: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddTagsToResource.html */
import { parseArn } from '../names.ts';
import { checkTags, type Operations } from '../operation.ts';
import type { Place } from '../place.ts';
import type { Tag } from '../wire/input.ts';
import { invalidValue, refuse } from '../wire/refusal.ts';

interface Tagged {
  TagList: readonly Tag[];
}

export const tagOperations: Operations = {
  AddTagsToResource: {
    takes: ['ResourceName', 'Tags'],
    perform({ input, place }) {
      const resource = find(place, input.required('ResourceName'));
      const tags = input.tags() ?? [];
      const { tags: most } = place.world.quotas;
      checkTags(tags, most);
      const named = new Set(tags.map(({ Key }) => Key));
      const all = [...resource.TagList.filter(({ Key }) => !named.has(Key)), ...tags];
      if (all.filter(({ Key }) => !Key.startsWith('aws:')).length > most) {
        invalidValue(`A resource cannot have more than ${most} tags`);
      }
      resource.TagList = all;
      return undefined;
    },
  },
  RemoveTagsFromResource: {
    takes: ['ResourceName', 'TagKeys'],
    perform({ input, place }) {
      const resource = find(place, input.required('ResourceName'));
      const keys = new Set(input.texts('TagKeys'));
      if ([...keys].some((key) => /^aws:/i.test(key)))
        invalidValue('Tag keys cannot start with the reserved prefix aws:');
      resource.TagList = resource.TagList.filter(({ Key }) => !keys.has(Key));
      return undefined;
    },
  },
  ListTagsForResource: {
    takes: ['ResourceName', 'Filters'],
    perform: ({ input, place }) => ({
      TagList: [...find(place, input.required('ResourceName')).TagList.map((tag) => ({ ...tag }))],
    }),
  },
};

/** Only what is in this account and region; each kind has its own code when it is not there. */
function find(place: Place, name: string): Tagged {
  const arn = parseArn(name);
  if (arn === undefined || arn.region !== place.region || arn.account !== place.account) {
    invalidValue(`Invalid resource name: ${name}`);
  }
  const kinds = new Map<string, readonly [{ get(key: string): Tagged | undefined }, string]>([
    ['db', [place.instances, 'DBInstanceNotFound']],
    ['cluster', [place.clusters, 'DBClusterNotFoundFault']],
    ['snapshot', [place.snapshots.instance, 'DBSnapshotNotFound']],
    ['cluster-snapshot', [place.snapshots.cluster, 'DBClusterSnapshotNotFoundFault']],
    ['subgrp', [place.subnetGroups, 'DBSubnetGroupNotFoundFault']],
    ['pg', [place.parameterGroups.instance, 'DBParameterGroupNotFound']],
    ['cluster-pg', [place.parameterGroups.cluster, 'DBClusterParameterGroupNotFound']],
    ['og', [place.optionGroups, 'OptionGroupNotFoundFault']],
  ]);
  const kind = kinds.get(arn.kind);
  if (arn.kind === 'auto-backup') {
    return place.automatedBackups.get(name) ?? refuse('DBInstanceAutomatedBackupNotFound', `${name} not found.`);
  }
  if (kind === undefined) invalidValue(`Invalid resource name: ${name}`);
  const [map, missing] = kind;
  return map.get(arn.name) ?? refuse(missing, `${arn.name} not found.`);
}
