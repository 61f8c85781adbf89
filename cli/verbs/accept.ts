/** `tidemark accept`: a person's word that a suspicious snapshot is right, in every vault that has it. */
import { userInfo } from 'node:os';
import type { Machine } from '../../local/machine.ts';
import { fail } from '../../src/core/errors.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { clear } from '../../src/operations/alerting.ts';
import type { Vault } from '../../src/vault/vault.ts';
import type { Answer, Verb } from '../verb.ts';

export const accept: Verb = {
  about: 'says that a suspicious snapshot is right, so that it counts again',
  details: `SNAPSHOT is an id, or a source whose newest suspicious snapshot is meant. Look first
(\`tidemark ls\`, \`cat\`, or a restore to another place): from then on it counts as
good, what comes later is held against it, and prune goes on. The good snapshot
before it stays for 90 days more. Who said so, when and why is kept with it.`,
  operands: ['SNAPSHOT'],
  options: {
    why: { value: 'TEXT', about: 'the reason, for whoever finds it later' },
    who: { value: 'NAME', about: 'who says so; your login name unless given' },
  },
  examples: [['accept user-data --why "moved the archive to another disk"', 'its newest snapshot is as it should be']],
  async run(asked): Promise<Answer> {
    const why = asked.needed('why');
    const who = asked.text('who') ?? userInfo().username;
    const machine = await asked.open();
    const { vaults, clock, log } = machine.context;
    const { id, source, suspicion } = await meant(machine, await vaults.open(0), asked.operands[0]!);
    const record = { who, why, time: clock.now().toISOString() };
    const accepted: number[] = [];
    for (let number = 0; number < vaults.count; number += 1) {
      const vault = await vaults.open(number);
      if ((await vault.snapshots.find(id)) === undefined) continue;
      await vault.snapshots.accept(id, record);
      accepted.push(number);
    }
    log.info('snapshot-accepted', { snapshot: id, suspicion, ...record });
    await clear(machine.context, `suspicious/${source}`, { action: `${who} says that ${id} is right: ${why}` });
    return {
      document: { snapshot: id, accepted: true, suspicion, ...record, vaults: accepted },
      text: `${id} counts as good in ${accepted.length} of ${vaults.count} vaults; it was suspicious: ${suspicion}\n`,
    };
  },
};

async function meant(machine: Machine, vault: Vault, name: string): Promise<Snapshot & { suspicion: string }> {
  const isSource = machine.plan.sources.some(({ id }) => id === name);
  const all = isSource ? await vault.snapshots.list(name) : [await vault.snapshots.get(name)];
  for (const snapshot of all) {
    const { suspicion } = snapshot;
    if (suspicion !== undefined && (await vault.snapshots.isSuspicious(snapshot))) return { ...snapshot, suspicion };
  }
  return fail('UsageInvalid', isSource ? `no snapshot of ${name} is suspicious` : `${name} is not suspicious`, {
    hint: 'What is suspicious is marked in `tidemark snapshots`. A snapshot with problems cannot be accepted: mend its source.',
  });
}
