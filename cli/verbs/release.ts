/** `tidemark release`: takes a hold back, in every vault. */
import { findSnapshot } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';

export const release: Verb = {
  about: 'takes a hold back; retention decides again',
  details: 'SNAPSHOT is an id, or a source whose newest snapshot is meant.',
  operands: ['SNAPSHOT'],
  options: {},
  examples: [['release user-data.20260315T030000Z.1a2b3c4d', 'lets it go when its time comes']],
  async run(asked): Promise<Answer> {
    const machine = await asked.open();
    const { vaults } = machine.context;
    const { id } = await findSnapshot(machine, await vaults.open(0), asked.operands[0]!);
    for (let number = 0; number < vaults.count; number += 1) await (await vaults.open(number)).snapshots.release(id);
    return { document: { snapshot: id, held: false }, text: `${id} is no longer held\n` };
  },
};
