/** The roles are enough for everything that the workflows do, and no role has more than something needs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { functionTable } from '../../../deploy/function-table.ts';
import { type Exercise, exercise } from '../exercise.ts';
import type { Stacks } from '../stacks.ts';

/** Rights for what did not happen in the exercise, and when it would. */
const rare: Readonly<Record<string, string>> = {};

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
      expect(given.filter((right) => !life.used.has(right)).sort()).toEqual(Object.keys(rare).sort());
    });
  });
}
