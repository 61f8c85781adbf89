/** Stored bytes that were cut, garbled or made up by somebody who means harm: refused by name, never believed in part. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTidemarkError } from '../../src/core/errors.ts';
import { decodeIndex, decodeIndexObject } from '../../src/format/index.ts';
import { decodeDirectory, locateDirectory } from '../../src/format/pack.ts';
import { decodeChunkList, decodeTree, encodeTree, entryName, nameOf, type TreeEntry } from '../../src/format/tree.ts';
import { directory, fixtures, pack, tree } from './samples.ts';

const golden = (name: string): Buffer => readFileSync(new URL(name, fixtures));

/** The name of the error that it is refused with, or what else it comes to. */
function refusedAs(read: () => unknown): string {
  try {
    read();
    return 'accepted';
  } catch (error) {
    return isTidemarkError(error) ? error.name : `not by name: ${error}`;
  }
}

const listing = (entry: unknown): Buffer => Buffer.from(JSON.stringify({ tree: 1, entries: [entry] }));
const file = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: '0', size: 0, blobs: [] };
const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');

describe('an entry that would lead out of its folder', () => {
  test.each([
    ...['', '.', '..', '/', 'a/b', '/etc/passwd', '../up', 'a/', 'a\0b', '\0'].flatMap((name) => [
      { name },
      { nameBase64: base64(name) },
    ]),
    { nameBase64: '####' },
    { nameBase64: 5 },
    { name: 5 },
    { name: null },
    {},
  ])('%j is damage', (name) => {
    expect(refusedAs(() => decodeTree(listing({ ...file, ...name })))).toBe('VaultDamaged');
  });

  test.each(['...', '..a', ' ', '-rf', 'CON', '\n', 'a\\b', '~'])('%j is a name like any other', (name) => {
    expect(decodeTree(listing({ ...file, name })).entries[0]!.name).toBe(name);
  });
});

test.each([
  '',
  '{',
  'null',
  '5',
  '"tree"',
  '[]',
  '{}',
  '{"tree":1}',
  '{"tree":1,"entries":{}}',
  '{"tree":1,"entries":[null]}',
  '{"tree":1,"entries":[5]}',
  '{"list":1}',
  '{"list":1,"blobs":["../x"]}',
  '{"list":1,"blobs":[null]}',
  '{"list":1,"blobs":"0"}',
])('%j is neither a listing nor a chunk list nor a directory', (text) => {
  const bytes = Buffer.from(text);
  for (const read of [decodeTree, decodeChunkList, decodeDirectory]) {
    expect(refusedAs(() => read(bytes))).toMatch(/^Vault(Damaged|FormatUnknown)$/);
  }
});

test.each([
  null,
  {},
  { ...directory.frames[0], offset: -1 },
  { ...directory.frames[0], stored: 'many' },
  { ...directory.frames[0], codec: 'lz4' },
  { ...directory.frames[0], blobs: [null] },
  { ...directory.frames[0], blobs: [['short', 3]] },
  { ...directory.frames[0], blobs: [['ab'.repeat(32), -3]] },
])('a directory with the frame %j is damage', (frame) => {
  const bytes = Buffer.from(JSON.stringify({ pack: 1, kind: 'data', nonce: '', frames: [frame] }));
  expect(refusedAs(() => decodeDirectory(bytes))).toBe('VaultDamaged');
});

const readIndex = (bytes: Buffer): unknown => decodeIndex(decodeIndexObject(bytes).packed);
const readPack = (bytes: Buffer): unknown => decodeDirectory(locateDirectory(bytes).bytes);

describe.each([
  ['an index segment', golden('index.bin'), readIndex],
  ['a pack', pack(), readPack],
])('%s', (_, whole, read) => {
  test('is read while it is whole', () => {
    expect(refusedAs(() => read(whole))).toBe('accepted');
  });

  test('cut at any byte is damage', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect([length, refusedAs(() => read(whole.subarray(0, length)))]).toEqual([length, 'VaultDamaged']);
    }
  });

  test('with bytes after its end is damage', () => {
    expect(refusedAs(() => read(Buffer.concat([whole, Buffer.alloc(1)])))).toBe('VaultDamaged');
  });

  test('with any byte overwritten is read or refused by name, and quickly', () => {
    for (let at = 0; at < whole.length; at += 1) {
      for (const value of [0, 0xff, whole[at]! ^ 1]) {
        const garbled = Buffer.from(whole);
        garbled[at] = value;
        expect(refusedAs(() => read(garbled))).toMatch(/^(accepted|VaultDamaged|VaultFormatUnknown)$/);
      }
    }
  });
});

test('counts that promise more than is there are damage, and cost nothing', () => {
  const payload = decodeIndexObject(golden('index.bin')).packed;
  for (const at of [0, 41, 58]) {
    const garbled = Buffer.from(payload);
    garbled.writeUInt32LE(0xffff_ffff, at);
    expect(refusedAs(() => decodeIndex(garbled))).toBe('VaultDamaged');
  }
});

test('property: any name of bytes comes back as it was, and a listing is refused unless it is in their order', () => {
  const bytes = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((array) => Buffer.from(array.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))))
    .filter((name) => !/^\.\.?$/.test(name.toString('latin1')));
  const entryOf = (name: Buffer): TreeEntry => ({ ...(file as unknown as TreeEntry), ...nameOf(name) });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (names) => {
      const distinct = [...new Map(names.map((name) => [name.toString('hex'), name])).values()];
      const sorted = distinct.sort(Buffer.compare);
      const read = decodeTree(encodeTree({ entries: sorted.map(entryOf) }));
      expect(read.entries.map(entryName)).toEqual(sorted);
      if (sorted.length < 2) return;
      expect(refusedAs(() => encodeTree({ entries: sorted.toReversed().map(entryOf) }))).toBe('Unexpected');
      expect(refusedAs(() => encodeTree({ entries: [sorted[0]!, sorted[0]!].map(entryOf) }))).toBe('Unexpected');
    }),
    { numRuns: 300, seed: 4 },
  );
});

test('the order of the keys of an entry does not change the bytes of its listing', () => {
  const reversed = tree.entries.map(
    (entry) => Object.fromEntries(Object.entries(entry).reverse()) as unknown as TreeEntry,
  );
  expect(encodeTree({ entries: reversed })).toEqual(encodeTree(tree));
});
