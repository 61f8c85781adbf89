/**
 * What functions may ask of RDS, as IAM statements, for plans that have sources of kind rds. What changes something is allowed
 * for names that Tidemark gives and for nothing else: no role can delete a database, or a snapshot of somebody else's.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
 */
import type { RdsSource, SourceBase } from '../src/plan/index.ts';
import { namePrefix } from '../src/sources/rds/names.ts';
import type { DatabaseWord } from './database-words.ts';
import { account, arn, type Value } from './intrinsics.ts';
import type { Names } from './names.ts';
import type { Statement } from './statement.ts';

interface Scene {
  readonly homes: readonly string[];
  readonly elsewhere: readonly string[];
  readonly regions: readonly string[];
  readonly sources: readonly (SourceBase & RdsSource)[];
  readonly prefix: string;
}

export function databaseRights(words: readonly DatabaseWord[], { plan }: Names): readonly Statement[] {
  const sources = plan.sources.filter((source) => source.kind === 'rds');
  if (sources.length === 0) return [];
  const homes = [...new Set(sources.map(({ region }) => region))];
  const elsewhere = [...new Set(sources.flatMap(({ copies }) => copies.map(({ region }) => region)))];
  const regions = [...new Set([...homes, ...elsewhere])];
  const scene: Scene = { homes, elsewhere, regions, sources, prefix: namePrefix(plan.plan) };
  return words.flatMap((word) => statements[word](scene));
}

const statements: Readonly<Record<DatabaseWord, (scene: Scene) => readonly Statement[]>> = {
  find: ({ homes }) => [
    allow('DatabasesFind', ['rds:DescribeDBInstances', 'rds:DescribeDBClusters'], things(homes, ['db', 'cluster'])),
  ],
  list: ({ regions }) => [
    allow(
      'DatabasesList',
      ['rds:DescribeDBSnapshots', 'rds:DescribeDBClusterSnapshots'],
      things(regions, ['db', 'cluster', 'snapshot', 'cluster-snapshot']),
    ),
  ],
  // the quotas of an account are no resource
  count: () => [{ Sid: 'DatabasesCount', Effect: 'Allow', Action: 'rds:DescribeAccountAttributes', Resource: '*' }],
  settings: ({ homes }) => [
    allow(
      'DatabasesSettings',
      [
        'rds:DescribeDBParameters',
        'rds:DescribeDBClusterParameters',
        'rds:DescribeOptionGroups',
        'rds:DescribeDBSubnetGroups',
      ],
      things(homes, ['pg', 'cluster-pg', 'og', 'subgrp']),
    ),
  ],
  backups: ({ elsewhere }) =>
    some(elsewhere, () => [
      allow(
        'DatabasesBackups',
        ['rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBClusterAutomatedBackups'],
        things(elsewhere, ['db', 'auto-backup', 'cluster', 'cluster-auto-backup']),
      ),
    ]),
  replicate: (scene) => {
    const wanted = scene.sources.flatMap(({ copies }) => copies.filter(({ pointInTimeDays }) => pointInTimeDays));
    return some(wanted, () => [
      allow('DatabasesReplicate', 'rds:StartDBInstanceAutomatedBackupsReplication', [
        ...things(scene.homes, ['db']),
        ...things(
          wanted.map(({ region }) => region),
          ['auto-backup'],
        ),
      ]),
      ...keys('DatabasesReplicateKeys', wanted),
    ]);
  },
  take: ({ homes, prefix }) => [
    allow(
      'DatabasesTake',
      ['rds:CreateDBSnapshot', 'rds:CreateDBClusterSnapshot'],
      [...things(homes, ['db', 'cluster']), ...ours(homes, prefix)],
    ),
    allow('DatabasesTakeTags', 'rds:AddTagsToResource', ours(homes, prefix)),
  ],
  copy: ({ regions, elsewhere, prefix, sources }) =>
    some(elsewhere, () => [
      // the request is made in the other region and repeated by RDS in the first: both snapshots are its resources
      allow('DatabasesCopy', ['rds:CopyDBSnapshot', 'rds:CopyDBClusterSnapshot'], ours(regions, prefix)),
      allow('DatabasesCopyTags', 'rds:AddTagsToResource', ours(elsewhere, prefix)),
      ...keys(
        'DatabasesCopyKeys',
        sources.flatMap(({ copies }) => copies),
      ),
      ...homeKeys(sources),
    ]),
  export: ({ sources, prefix }) => {
    const exported = sources.filter((source) => source.export);
    return some(exported, () => [
      allow(
        'DatabasesExport',
        'rds:StartExportTask',
        ours(
          exported.map(({ region }) => region),
          prefix,
        ),
      ),
      { Sid: 'DatabasesExports', Effect: 'Allow', Action: 'rds:DescribeExportTasks', Resource: '*' },
      {
        ...allow(
          'DatabasesExportRole',
          'iam:PassRole',
          exported.map((source) => source.export!.role),
        ),
        Condition: { StringEquals: { 'iam:PassedToService': 'export.rds.amazonaws.com' } },
      },
      ...keys(
        'DatabasesExportKeys',
        exported.map((source) => ({ region: source.region, key: source.export!.key })),
      ),
    ]);
  },
  remove: ({ regions, prefix }) => [
    allow('DatabasesRemove', ['rds:DeleteDBSnapshot', 'rds:DeleteDBClusterSnapshot'], ours(regions, prefix)),
  ],
  restore: () => [],
};

function allow(sid: string, action: string | readonly string[], resources: readonly Value[]): Statement {
  return { Sid: sid, Effect: 'Allow', Action: action, Resource: resources };
}

const some = (list: readonly unknown[], make: () => readonly Statement[]): readonly Statement[] =>
  list.length === 0 ? [] : make();

function things(regions: readonly string[], kinds: readonly string[]): readonly Value[] {
  return regions.flatMap((region) => kinds.map((kind) => arn(`rds:${region}:${account}:${kind}:*`)));
}

function ours(regions: readonly string[], prefix: string): readonly Value[] {
  return [...new Set(regions)].flatMap((region) =>
    ['snapshot', 'cluster-snapshot'].map((kind) => arn(`rds:${region}:${account}:${kind}:${prefix}*`)),
  );
}

/** RDS uses a key for as long as the copy lives, by a grant that the caller has to be able to give. */
function keys(sid: string, uses: readonly { readonly region: string; readonly key: string }[]): readonly Statement[] {
  return [
    {
      ...allow(sid, ['kms:DescribeKey', 'kms:CreateGrant'], [...new Set(uses.map(({ key }) => key))]),
      Condition: viaRds(uses.map(({ region }) => region)),
    },
  ];
}

/** Of the key of a database only its region and account are known; what it is used for is not. */
function homeKeys(sources: Scene['sources']): readonly Statement[] {
  const homes = [...new Set(sources.map(({ region }) => region))];
  return [
    {
      ...allow(
        'DatabasesHomeKeys',
        ['kms:DescribeKey', 'kms:CreateGrant'],
        homes.map((region) => arn(`kms:${region}:${account}:key/*`)),
      ),
      Condition: viaRds(homes),
    },
  ];
}

function viaRds(regions: readonly string[]): object {
  return {
    StringEquals: { 'kms:ViaService': [...new Set(regions)].map((region) => `rds.${region}.amazonaws.com`) },
  };
}
