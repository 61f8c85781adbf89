/** One value of each stored form, with every member that it can have. The bytes that they make are in the fixtures. */
import { crc32 } from 'node:zlib';
import { canonicalJson } from '../../src/core/json.ts';
import { encodeIndex, encodeIndexObject, type PackRecord } from '../../src/format/index.ts';
import { encodeDirectory, encodeTrailer, type PackDirectory, packHeader } from '../../src/format/pack.ts';
import { type Snapshot, snapshotSchema } from '../../src/format/snapshot.ts';
import { encodeChunkList, encodeTree, type Tree } from '../../src/format/tree.ts';
import { type VaultConfig, vaultConfigSchema } from '../../src/format/vault.ts';

export const fixtures = new URL('../fixtures/format/v1/', import.meta.url);

const id = (digits: string): string => digits.repeat(64 / digits.length);
const attributes = { mode: 0o640, uid: 1000, gid: 100, mtime: '1767225600123456789' };

export const tree: Tree = {
  entries: [
    { name: 'Makefile', type: 'file', ...attributes, size: 0, blobs: [] },
    { name: 'block', type: 'block-device', ...attributes, device: '2049' },
    { name: 'console', type: 'character-device', ...attributes, device: '1281' },
    {
      ...{ name: 'data.bin', type: 'file', ...attributes, mode: 0o4755, mtime: '-1', ctime: '1767225600000000001' },
      ...{ inode: '42', hardlink: '2049:42', sparse: true, size: 12, blobs: [id('01'), id('ab')] },
      xattrs: { 'user.note': Buffer.from('read me').toString('base64') },
    },
    { name: 'deep', type: 'directory', ...attributes, tree: id('cd'), below: { files: 3, bytes: 4096 } },
    { name: 'huge', type: 'file', ...attributes, size: 8_589_934_592, lists: [id('02'), id('03')] },
    { name: 'link', type: 'symlink', ...attributes, target: '../elsewhere' },
    { name: 'odd link', type: 'symlink', ...attributes, targetBase64: Buffer.from([0xff, 0x41]).toString('base64') },
    { name: 'pipe', type: 'fifo', ...attributes },
    { name: 'socket', type: 'socket', ...attributes },
    { name: 'zwölf', type: 'file', ...attributes, size: 1, blobs: [id('0f')] },
    {
      nameBase64: Buffer.from([0xe4, 0x62]).toString('base64'),
      type: 'file',
      ...attributes,
      size: 1,
      blobs: [id('0f')],
    },
  ],
};

const frame = Buffer.from('onetwo');
export const directory: PackDirectory = {
  kind: 'data',
  nonce: '00112233445566778899aabbccddeeff',
  frames: [
    { offset: 16, stored: 6, plain: 6, codec: 'raw', blobs: [[id('1a'), 3], [id('2b'), 3]] }, // biome-ignore format: a table
    { offset: 22, stored: 0, plain: 0, codec: 'raw', blobs: [] },
  ],
};

export function pack(): Buffer {
  const plain = encodeDirectory(directory);
  return Buffer.concat([packHeader, frame, plain, encodeTrailer(plain, 'raw', plain.length)]);
}

const blobs = (...rows: [digits: string, length: number][]): Buffer =>
  Buffer.concat(
    rows.map(([digits, length]) => {
      const row = Buffer.alloc(36, id(digits), 'hex');
      row.writeUInt32LE(length, 32);
      return row;
    }),
  );

export const index: PackRecord[] = [
  {
    ...{ id: id('e1'), kind: 'data', size: 33_554_432 },
    frames: [
      { offset: 16, stored: 1000, plain: 4_194_304, codec: 'zstd', blobs: blobs(['1a', 65_536], ['2b', 4096]) },
      { offset: 1016, stored: 3, plain: 3, codec: 'raw', blobs: blobs(['3c', 3]) },
    ],
  },
  { id: id('f2'), kind: 'tree', size: 4_294_967_295, frames: [] },
];

export const snapshot: Snapshot = {
  format: 'tidemark-snapshot',
  version: 1,
  id: 'user-data.20260315T030000Z.1a2b3c4d',
  source: 'user-data',
  kind: 'files',
  cadence: 'incremental',
  run: '20260315T030000Z-incremental-1a2b3c4d',
  time: '2026-03-15T03:00:00.000Z',
  ended: '2026-03-15T03:01:02.003Z',
  revision: '0123456789abcdef0123456789abcdef01234567',
  root: id('77'),
  totals: { files: 3, directories: 2, others: 1, bytes: 4096, read: 1024, stored: 512 },
  problems: [{ path: 'secret', what: 'permission denied' }],
  problemCount: 1,
  suspicion: 'much smaller than before',
  parent: 'user-data.20260314T030000Z.1a2b3c4d',
  details: { directory: { mode: 493 } },
  program: 'tidemark 1.0.0',
};

export const config: VaultConfig = {
  format: 'tidemark-vault',
  version: 1,
  id: '00112233445566778899aabbccddeeff',
  created: '2026-03-15T03:00:00.000Z',
  chunk: { minimum: 4096, average: 16_384, maximum: 65_536 },
  frame: 4_194_304,
  pack: 33_554_432,
  sealing: { kind: 'passphrase', key: { kdf: 'scrypt', n: 65_536, r: 8, p: 1, salt: 'c2FsdA==', wrapped: 'a2V5' } },
};

/** File name in the fixtures, and the bytes that today's code makes of the value. */
export const stored: Readonly<Record<string, () => Buffer>> = {
  'tree.json': () => encodeTree(tree),
  'chunk-list.json': () => encodeChunkList([id('1a'), id('2b')]),
  'pack.bin': pack,
  'trailer.bin': () => encodeTrailer(frame, 'zstd', 123_456),
  'index.bin': () => encodeIndexObject('raw', encodeIndex(index).length, encodeIndex(index)),
  'snapshot.json': () => Buffer.from(canonicalJson(snapshotSchema.parse(snapshot))),
  'vault.json': () => Buffer.from(canonicalJson(vaultConfigSchema.parse(config))),
};

/** The trailer once more, by the words of docs/format.md and not by the code. */
export function trailerByHand(): Buffer {
  const words = Uint32Array.of(frame.length, 123_456, 1, crc32(frame));
  return Buffer.concat([Buffer.from(words.buffer), Buffer.from('tmpkend1')]);
}
