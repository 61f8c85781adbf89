/** `tidemark hold`: a person's "do not delete", in every vault that has the snapshot. */
import { userInfo } from 'node:os';
import { fail } from '../../src/core/errors.ts';
import { findSnapshot } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';

export const hold: Verb = {
  about: 'keeps a snapshot from being deleted until it is released',
  details: 'SNAPSHOT is an id, or a source whose newest snapshot is meant.',
  operands: ['SNAPSHOT'],
  options: {
    why: { value: 'TEXT', about: 'the reason, for whoever finds it later' },
    who: { value: 'NAME', about: 'who says so; your login name unless given' },
  },
  examples: [['hold user-data --why "audit 2026"', 'keeps the newest snapshot of user-data']],
  async run(asked): Promise<Answer> {
    const why = asked.needed('why');
    const who = asked.text('who') ?? userInfo().username;
    const machine = await asked.open();
    const { vaults, clock } = machine.context;
    const primary = await vaults.open(0);
    const { id } = await findSnapshot(machine, primary, asked.operands[0]!);
    const record = { who, why, time: clock.now().toISOString() };
    const held: number[] = [];
    for (let number = 0; number < vaults.count; number += 1) {
      const vault = await vaults.open(number);
      if ((await vault.snapshots.find(id)) === undefined) continue;
      await vault.snapshots.hold(id, record);
      held.push(number);
    }
    if (held.length === 0) fail('SnapshotMissing', `no vault has a snapshot ${id}`);
    return {
      document: { snapshot: id, held: true, ...record, vaults: held },
      text: `${id} is held in ${held.length} of ${vaults.count} vaults\n`,
    };
  },
};
