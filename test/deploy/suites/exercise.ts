/** The roles are enough for everything that the workflows do, and no role has more than something needs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { functionTable } from '../../../deploy/function-table.ts';
import { type Exercise, exercise } from '../exercise.ts';
import type { Stacks } from '../stacks.ts';

/** Rights for what did not happen in the exercise, by when it would. `*` stands for the primary and the replicas. */
const rareBy: Readonly<Record<string, readonly string[]>> = {
  'a prune has marked packs, and they are in doubt until they are collected': [
    'check-restore: * read fossils',
    'check-vault: * read fossils',
    'discard-drill: * read fossils',
    'restore-shard: * read fossils',
    'validate-restore: * read fossils',
    'verify-packs: * read fossils',
  ],
  'damage is found while packs are read': [
    'check-restore: * write packs',
    'verify-packs: * write packs',
    'verify-packs: * read index',
  ],
  'damage is found that nobody can repair, and is gone one day': [
    'check-vault: * write verified',
    'check-vault: * remove verified',
  ],
  'what was found whole cannot be relied on, and all of it is walked': ['plan-replication: primary read packs'],
  'a replica collects what a snapshot needs again': ['plan-replication: replicas read index'],
  'a vault has more packs than are listed for one snapshot': [
    'plan-replication: replicas read snapshots',
    'plan-replication: replicas read trust',
    'plan-replication: replicas read verified',
  ],
  'an index segment is damaged and is replaced': ['check-vault: * remove index'],
  'somebody is at work, or somebody holds a snapshot, while a prune runs': [
    'collect-garbage: * read leases',
    'collect-garbage: * remove leases',
    'delete-snapshots: * read holds',
    'delete-snapshots: * read leases',
    'mark-garbage: * read leases',
    'plan-prune: * read holds',
    'plan-prune: * read leases',
  ],
  'a drill or a restore is from a replica': [
    'check-vault: replicas read work',
    'conclude-drill: replicas read vault',
    'conclude-drill: replicas read work',
    'conclude-drill: replicas remove leases',
    'discard-drill: replicas read index',
    'discard-drill: replicas read snapshots',
    'discard-drill: replicas read vault',
    'discard-drill: replicas read work',
    'plan-drill: replicas read snapshots',
    'plan-drill: replicas read vault',
  ],
  'what was counted by an earlier prune is not walked again': [
    'mark-garbage: primary read packs',
    'collect-garbage: * read packs',
  ],
  'something is worth rewriting, and a replica follows': [
    'repack-packs: replicas write packs',
    'repack-packs: replicas write index',
  ],
  'a repacking was given up, or is long ago': [
    'repack-packs: primary remove index',
    'mark-garbage: primary remove collection',
  ],
  'a record of a mark is garbled, or every copy of something is marked': [
    'mark-garbage: * remove fossils',
    'collect-garbage: * write fossils',
  ],
  'a restore takes more than one turn': ['restore-shard: * write work'],
  'a trouble begins or ends': [
    'conclude-drill: primary write troubles',
    'conclude-prune: primary write troubles',
    'conclude-restore: primary write troubles',
  ],
  'a restore failed and may have been concluded': [
    'notice-failure: * read runs',
    'notice-failure: replicas read vault',
  ],
  'the hourly sweep looks for what is missing': [
    'plan-backup: primary read sightings',
    'plan-backup: primary read snapshots',
  ],
  'a versioned source was found unchanged, which only the primary notes': ['plan-prune: replicas read sightings'],
  'a listing that a deletion rests on has to be walked again': ['delete-snapshots: * read packs'],
  'a snapshot is suspicious, and a person may have said that it is right': [
    'plan-backup: primary read trust',
    'split-job: primary read trust',
    'commit-snapshot: primary read trust',
    'plan-restore: * read trust',
  ],
  'the parts of the tree before are read to compare with': ['commit-snapshot: primary read packs'],
  'a plan has a database that AWS runs': [
    'plan-backup: primary read watched',
    ...['read vault', 'read troubles', 'write watched', 'write troubles', 'remove troubles'].map(
      (right) => `watch-managed: primary ${right}`,
    ),
    ...['take-managed', 'copy-managed'].flatMap((name) =>
      ['read vault', 'read work', 'read troubles', 'write work', 'write troubles', 'remove troubles'].map(
        (right) => `${name}: primary ${right}`,
      ),
    ),
    ...['vault', 'snapshots', 'holds', 'work'].map((folder) => `delete-managed: primary read ${folder}`),
  ],
  'the vault is made by whichever job comes first': [
    'split-job: primary write vault',
    'split-job: replicas read vault',
  ],
  'a server that is saved with its log is restored to a moment': ['plan-restore: * read sightings'],
};
const rare = Object.values(rareBy).flatMap((rights) =>
  rights.flatMap((right) =>
    right.includes('*') ? ['primary', 'replicas'].map((place) => right.replace('*', place)) : [right],
  ),
);

export function exerciseSuite(stacks: () => Stacks): void {
  describe('the workflows under the packaged policies', () => {
    let life: Exercise;
    beforeAll(async () => {
      life = await exercise(stacks());
    }, 120_000);

    test('nobody is refused anything', () => {
      expect([...life.refused].sort()).toEqual([]);
    });

    test('everything ends as it should', () => {
      const failed = life.steps.filter((step) => !step.endsWith('SUCCEEDED'));
      // The source that was away fails its run; damage that was found fails the verification that found it.
      expect(failed).toContain('backup: FAILED RunFailed');
      expect(failed.filter((step) => !/^(backup|verify): FAILED RunFailed$/.test(step))).toEqual([]);
    });

    test('every right is used, or is there for what seldom happens', () => {
      const given = Object.entries(functionTable).flatMap(([name, row]) =>
        (['primary', 'replicas'] as const).flatMap((place) =>
          (['read', 'write', 'remove'] as const).flatMap((verb) =>
            [...(row.vaults?.[verb] ?? []), ...(row[place]?.[verb] ?? [])].map(
              (folder) => `${name}: ${place} ${verb} ${folder}`,
            ),
          ),
        ),
      );
      expect(given.filter((right) => !life.used.has(right) && !rare.includes(right))).toEqual([]);
      // what is rare may happen all the same, but a right that no role has is not to be spoken of
      expect(rare.filter((right) => !given.includes(right))).toEqual([]);
    });
  });
}
