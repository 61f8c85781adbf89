/** Who may do what: the roles against the table, and against rules that the table itself has to keep. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { functionTable, type VaultRights } from '../../../deploy/function-table.ts';
import { resourcesOfType, root } from '../packaging.ts';
import { listOf } from '../policies.ts';
import { type Access, mayAccess } from '../requests.ts';
import { functionStatements, type Stacks, statementsOf } from '../stacks.ts';

const folders = [
  'vault',
  'packs',
  'index',
  'snapshots',
  'trust',
  'holds',
  'leases',
  'fossils',
  'collection',
  'runs',
  'work',
  'troubles',
] as const;
const keyIn = (folder: string): string => (folder === 'vault' ? 'vault.json' : `${folder}/some/object`);
const names = Object.keys(functionTable);

export function permissionsSuite(stacks: () => Stacks): void {
  describe('permissions', () => {
    test.each(names)('%s may do in each vault what its row says, and nothing else', (name) => {
      for (const vault of [0, 1]) {
        const rights = [functionTable[name]!.vaults, functionTable[name]![vault === 0 ? 'primary' : 'replicas']];
        const told = (what: keyof VaultRights) =>
          folders.filter((folder) => rights.some((right) => right?.[what].includes(folder)));
        const can = (access: Access) =>
          folders.filter((folder) => mayAccess(stacks(), name, vault, access, keyIn(folder)));
        expect({ vault, read: can('read'), create: can('create'), remove: can('remove') }).toEqual({
          vault,
          read: told('read'),
          create: told('write'),
          remove: told('remove'),
        });
      }
    });

    test('a snapshot is created once; only the repair may write one again', () => {
      const writers = names.filter((name) => mayAccess(stacks(), name, 0, 'create', keyIn('snapshots')));
      expect(writers.length).toBeGreaterThan(1);
      const again = names.filter((name) => mayAccess(stacks(), name, 0, 'write', keyIn('snapshots')));
      expect(again).toEqual(names.filter((name) => functionTable[name]!.repairs));
    });

    test('nobody who may remove packs or snapshots may write packs', () => {
      for (const vault of [0, 1]) {
        const removers = names.filter((name) =>
          ['packs', 'snapshots', 'trust', 'holds', 'vault'].some((folder) =>
            mayAccess(stacks(), name, vault, 'remove', keyIn(folder)),
          ),
        );
        expect(removers).toEqual(['delete-snapshots', 'collect-garbage']);
        expect(removers.filter((name) => mayAccess(stacks(), name, vault, 'write', keyIn('packs')))).toEqual([]);
      }
    });

    test('no role has a right that no function uses', () => {
      const actions = names.flatMap((name) =>
        functionStatements(stacks(), name).flatMap(({ Action }) => listOf(Action)),
      );
      expect([...new Set(actions)].sort()).toEqual([
        'kms:Decrypt',
        'kms:GenerateDataKey',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        's3:DeleteObject',
        's3:GetObject',
        's3:ListBucket',
        's3:PutObject',
        'secretsmanager:GetSecretValue',
        'sns:Publish',
        'sqs:SendMessage',
        'xray:PutTelemetryRecords',
        'xray:PutTraceSegments',
      ]);
    });

    test('"everything" stands only where IAM knows nothing narrower', () => {
      const wide = resourcesOfType(stacks().primary, 'AWS::IAM::Role').flatMap(([id]) =>
        statementsOf(stacks(), id)
          .filter(
            ({ Action, Resource }) =>
              [...listOf(Resource), ...listOf(Action)].includes('*') ||
              listOf(Action).some((action) => action.includes('*')),
          )
          .map(({ Sid }) => `${/Workflow/.test(id) ? 'workflow' : 'function'}: ${Sid}`),
      );
      // Writing traces, and the delivery of a state machine's log, know no resource.
      expect([...new Set(wide)].sort()).toEqual(['function: Trace', 'workflow: Logs', 'workflow: Trace']);
    });

    test('a key of another region is known by its alias alone', () => {
      for (const name of names) {
        for (const { Sid, Resource, Condition } of functionStatements(stacks(), name)) {
          if (!listOf(Resource).some((resource) => resource.endsWith(':key/*'))) continue;
          expect({ name, Sid, Condition }).toMatchObject({
            Condition: { 'ForAnyValue:StringEquals': expect.anything() },
          });
        }
      }
    });

    test.each([
      ['sns:Publish', 'alerts'],
      ['secretsmanager:GetSecretValue', 'sources'],
    ])('%s goes to the functions that say they need %s, and to no others', (action, need) => {
      const may = names.filter((name) =>
        functionStatements(stacks(), name).some(({ Action }) => listOf(Action).includes(action)),
      );
      const say = names.filter((name) =>
        readFileSync(`${root}/functions/${name}.ts`, 'utf8').includes(`./dependencies/${need}.ts`),
      );
      expect(say.length).toBeGreaterThan(0);
      expect([...may].sort()).toEqual([...say].sort());
    });
  });
}
