/** `tidemark cat`: one file of a snapshot, byte for byte, on standard output. */
import { buffer } from 'node:stream/consumers';
import { fail } from '../../src/core/errors.ts';
import type { TreeEntry } from '../../src/format/tree.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { entriesAt, findSnapshot, vaultNumber } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';

export const cat: Verb = {
  about: 'prints one file of a snapshot',
  details: `SNAPSHOT is an id, or a source whose newest snapshot is meant. With --json the
content is base64.`,
  operands: ['SNAPSHOT', 'PATH'],
  options: { vault: { value: 'N', about: 'read from this vault; 0 is the primary' } },
  examples: [['cat configuration app/settings.yml', 'the file as it was last saved']],
  async run(asked): Promise<Answer> {
    const [name = '', path = ''] = asked.operands;
    const number = vaultNumber(asked.text('vault'));
    const machine = await asked.open();
    const vault = await machine.context.vaults.open(number);
    const snapshot = await findSnapshot(machine, vault, name);
    const entry = await entriesAt(vault, snapshot, path);
    if (!('type' in entry) || entry.type !== 'file') {
      return fail('UsageInvalid', `${path} of ${snapshot.id} is no file`, {
        hint: `Look at it with \`tidemark ls ${snapshot.id} ${path}\`.`,
      });
    }
    if (!asked.flag('json')) return { document: undefined, text: '', content: contentOf(vault, entry) };
    const content = (await buffer(contentOf(vault, entry))).toString('base64');
    return { document: { snapshot: snapshot.id, path, bytes: entry.size ?? 0, content }, text: '' };
  },
};

async function* contentOf(vault: Vault, entry: TreeEntry): AsyncGenerator<Uint8Array> {
  const reader = await vault.reader();
  for await (const blobs of reader.blobsOf(entry)) {
    for (const blob of blobs) yield await reader.blob(blob);
  }
}
