/** F8: the bytes of format version 1 are what they were when it was released, and are read for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeIndex, decodeIndexObject, indexHeader } from '../../src/format/index.ts';
import { decodeDirectory, locateDirectory, packHeader } from '../../src/format/pack.ts';
import { snapshotSchema } from '../../src/format/snapshot.ts';
import { decodeChunkList, decodeTree } from '../../src/format/tree.ts';
import { vaultConfigSchema } from '../../src/format/vault.ts';
import { refusal } from '../vault/small-vault.ts';
import { config, directory, fixtures, index, snapshot, stored, trailerByHand, tree } from './samples.ts';

const golden = (name: string): Buffer => readFileSync(new URL(name, fixtures));
const json = (name: string): unknown => JSON.parse(golden(name).toString());

test.each(Object.entries(stored))('%s: the same value makes the same bytes as ever', (name, bytes) => {
  expect(bytes()).toEqual(golden(name));
});

test('every fixture is looked at', () => {
  expect(readdirSync(fixtures).sort()).toEqual(Object.keys(stored).sort());
});

test('the bytes of then are the values of then', () => {
  expect(decodeTree(golden('tree.json'))).toEqual(tree);
  expect(decodeChunkList(golden('chunk-list.json'))).toEqual(['1a'.repeat(32), '2b'.repeat(32)]);
  const located = locateDirectory(golden('pack.bin'));
  expect(located).toMatchObject({ codec: 'raw', plain: located.bytes.length });
  expect(decodeDirectory(located.bytes)).toEqual(directory);
  const { codec, payloadLength, packed } = decodeIndexObject(golden('index.bin'));
  expect({ codec, payloadLength }).toEqual({ codec: 'raw', payloadLength: packed.length });
  expect(decodeIndex(packed)).toEqual(index);
  expect(snapshotSchema.parse(json('snapshot.json'))).toEqual(snapshot);
  expect(vaultConfigSchema.parse(json('vault.json'))).toEqual(config);
  expect(golden('trailer.bin')).toEqual(trailerByHand());
});

describe('a version that is not known', () => {
  const asVersion2 = (name: string, member: string): Buffer =>
    Buffer.from(golden(name).toString().replace(`"${member}":1`, `"${member}":2`));
  const inFirstLine = (name: string, header: Buffer): Buffer =>
    Buffer.concat([Buffer.from(header.toString().replace(' 1\n', ' 2\n')), golden(name).subarray(header.length)]);
  const later: [string, () => unknown][] = [
    ['a tree', () => decodeTree(asVersion2('tree.json', 'tree'))],
    ['a chunk list', () => decodeChunkList(asVersion2('chunk-list.json', 'list'))],
    ['a directory', () => decodeDirectory(Buffer.from(JSON.stringify({ pack: 2, ...directory })))],
    ['a pack', () => locateDirectory(inFirstLine('pack.bin', packHeader))],
    ['an index segment', () => decodeIndexObject(inFirstLine('index.bin', indexHeader))],
  ];

  test.each(later)('of %s is refused as such, and not called damage', async (_, read) => {
    expect((await refusal((async () => read())())).name).toBe('VaultFormatUnknown');
  });

  test('of a snapshot or a vault does not pass the schema', () => {
    expect(snapshotSchema.safeParse({ ...snapshot, version: 2 }).success).toBe(false);
    expect(vaultConfigSchema.safeParse({ ...config, version: 2 }).success).toBe(false);
  });
});

test('members that are not known are passed over: a later release may add some', () => {
  const more = { ...(json('tree.json') as object), later: true };
  expect(decodeTree(Buffer.from(JSON.stringify(more)))).toEqual(tree);
  expect(snapshotSchema.parse({ ...snapshot, later: true })).toEqual(snapshot);
});
