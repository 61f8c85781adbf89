/** `tidemark ls`: what is in a snapshot. */
import { entryName, type TreeEntry } from '../../src/format/tree.ts';
import { entriesAt, findSnapshot, vaultNumber } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { moment, size, table } from '../words.ts';

export const ls: Verb = {
  about: 'shows what is in a snapshot',
  details: 'SNAPSHOT is an id, or a source whose newest snapshot is meant.',
  operands: ['SNAPSHOT', '[PATH]'],
  options: { vault: { value: 'N', about: 'read from this vault; 0 is the primary' } },
  examples: [
    ['ls user-data', 'the top of the newest snapshot'],
    ['ls user-data reports/2026', 'one folder of it'],
  ],
  async run(asked): Promise<Answer> {
    const [name = '', path = ''] = asked.operands;
    const number = vaultNumber(asked.text('vault'));
    const machine = await asked.open();
    const vault = await machine.context.vaults.open(number);
    const snapshot = await findSnapshot(machine, vault, name);
    const found = await entriesAt(vault, snapshot, path);
    const entries = 'type' in found ? [found] : found;
    return {
      document: { snapshot: snapshot.id, path, entries: entries.map(documentOf) },
      text: table(
        ['MODE', '>SIZE', 'MODIFIED', 'NAME'],
        entries.map((entry) => [
          `${letterOf(entry)}${entry.mode.toString(8).padStart(4, '0')}`,
          size(bytesOf(entry)),
          moment(timeOf(entry)),
          `${entryName(entry).toString('utf8')}${entry.type === 'directory' ? '/' : ''}${entry.target === undefined ? '' : ` -> ${entry.target}`}`,
        ]),
      ),
    };
  },
};

function documentOf(entry: TreeEntry): object {
  const { name, nameBase64, type, mode, target } = entry;
  return {
    ...(name === undefined ? { nameBase64 } : { name }),
    type,
    mode: mode.toString(8).padStart(4, '0'),
    bytes: bytesOf(entry),
    modified: timeOf(entry),
    ...(target !== undefined && { target }),
  };
}

const bytesOf = ({ size: own, below }: TreeEntry): number => own ?? below?.bytes ?? 0;
const timeOf = ({ mtime }: TreeEntry): string => new Date(Number(BigInt(mtime) / 1_000_000n)).toISOString();
const letterOf = ({ type }: TreeEntry): string =>
  ({ file: '-', directory: 'd', symlink: 'l' })[type as string] ?? type[0]!;
