/** What a snapshot reaches, with and without another that is known to be whole: nothing is left out, little is read. */
import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import type { BlobId } from '../../src/format/blob.ts';
import { encodeTree, type TreeEntry } from '../../src/format/tree.ts';
import { Reach } from '../../src/vault/reach.ts';
import type { BlobReader } from '../../src/vault/reader.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { contentOf, type Files, newVault, noise, openVault, pour } from './small-vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await newVault();
});

async function stored(files: Files): Promise<BlobId> {
  const writer = await vault.writer();
  const root = await pour(writer, files);
  await writer.finish();
  return root;
}

interface Walk {
  readonly packs: ReadonlySet<string>;
  readonly missing: readonly { readonly blob: string; readonly path: string }[];
  /** Listings and chunk lists that were read. */
  readonly read: number;
}

async function walk(root: BlobId, known?: BlobId, place = vault): Promise<Walk> {
  const index = await place.index();
  const reader = await place.reader();
  let read = 0;
  const counting = {
    blobAtHand: () => undefined,
    blob: (id: BlobId) => {
      read += 1;
      return reader.blob(id);
    },
  };
  const reach = new Reach(index, counting as unknown as BlobReader);
  await reach.follow(root, { known });
  return {
    packs: new Set([...reach.packs()].map((number) => index.packs[number]!.id)),
    missing: reach.missing,
    read,
  };
}

const folders = (count: number, seed = 0): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`d${at}/sub/file`, noise(100, seed + at)]));

describe('beside a tree that is whole', () => {
  test('an equal tree is not read at all, and in another one only directories that differ', async () => {
    const before = await stored(folders(20));
    expect(await walk(before, before)).toEqual({ packs: new Set(), missing: [], read: 0 });
    const after = await stored({ ...folders(20), 'd3/sub/file': noise(100, 99) });
    expect((await walk(after)).read).toBe(1 + 20 * 2);
    // the root and d3 on both sides; in d3/sub nothing goes deeper
    expect((await walk(after, before)).read).toBe(5);
  });

  test('the chunk lists of a large file that has not changed are not read', async () => {
    const files: Files = { large: noise(1_500_000, 7), small: noise(10, 8) };
    const before = await stored(files);
    const lists = (await (await vault.reader()).tree(before)).entries[0]!.lists!.length;
    expect(lists).toBeGreaterThan(0);
    const after = await stored({ ...files, small: noise(10, 9) });
    expect((await walk(after)).read).toBe(1 + lists);
    expect((await walk(after, before)).read).toBe(2);
  });

  test('what is new is found, wherever it is', async () => {
    const before = await stored(folders(5));
    const files = { ...folders(5), 'd1/new': noise(9000, 50), 'other/deep/er': noise(9000, 51), top: noise(300, 52) };
    const after = await stored(files);
    const [all, old, fresh] = [await walk(after), await walk(before), await walk(after, before)];
    expect(new Set([...old.packs, ...fresh.packs])).toEqual(new Set([...old.packs, ...all.packs]));
    expect(fresh.packs.size).toBeGreaterThan(0);
    expect(fresh.read).toBeLessThan(all.read + 6);
  });

  test('what is new and not there is missed, by its path', async () => {
    const before = await stored(folders(5));
    const known = (await vault.objects.keys('index/')).slice();
    const after = await stored({ ...folders(5), 'd1/new': noise(300, 50) });
    // the segment that tells of the new blobs goes, and the new listings come back without what they need
    const lost = (await vault.objects.keys('index/')).filter((key) => !known.includes(key));
    await vault.store.delete(lost);
    const place = await openVault(vault.store);
    expect((await walk(after, before, place)).missing).toMatchObject([{ blob: after, path: '/' }]);
  });

  test('a listing of the known tree that cannot be read vouches for nothing', async () => {
    const before = await stored(folders(3));
    const after = await stored({ ...folders(3), 'd1/new': noise(300, 50) });
    const all = await walk(after);
    // no tree at all, and one that is not in the vault
    for (const known of ['0'.repeat(64)]) {
      const fresh = await walk(after, known);
      expect(fresh.packs).toEqual(all.packs);
      expect(fresh.missing).toEqual([]);
    }
    expect(before).not.toBe(after);
  });

  test('a directory that became a file of the same name, and the other way round, is walked', async () => {
    const before = await stored({ 'a/x': noise(200, 1), b: noise(200, 2) });
    const after = await stored({ a: noise(200, 3), 'b/x': noise(200, 4) });
    const index = await vault.index();
    const fresh = await walk(after, before);
    for (const content of Object.values(await contentOf(vault, after))) {
      const id = vault.cipher.identify(content);
      expect(fresh.packs).toContain(index.packs[index.packOf(index.find(id))]!.id);
    }
  });

  test.each([...Array(30).keys()])(
    'a known tree and a walk beside it cover what a full walk finds: seed %i',
    async (seed) => {
      const random = seededRandom(seed);
      const pool = Array.from({ length: 12 }, (_, at) => noise(200 + random.below(9000), seed * 100 + at));
      const draw = (): Files =>
        Object.fromEntries(
          Array.from({ length: 10 }, () => [
            `${'abc'[random.below(3)]}/${'de'[random.below(2)]}/${random.below(5)}`,
            pool[random.below(pool.length)]!,
          ]),
        );
      const one = draw();
      const two =
        random.below(3) === 0 ? draw() : { ...one, ...Object.fromEntries(Object.entries(draw()).slice(0, 2)) };
      const [before, after] = [await stored(one), await stored(two)];
      const [all, old, fresh] = [await walk(after), await walk(before), await walk(after, before)];
      expect(fresh.missing).toEqual([]);
      for (const pack of all.packs) expect(old.packs.has(pack) || fresh.packs.has(pack)).toBe(true);
    },
  );
});

describe('content that is, byte for byte, something else too', () => {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: '0' } as const;
  const file = (name: string, blobs: BlobId[], size: number): TreeEntry => ({
    name,
    type: 'file',
    ...attributes,
    size,
    blobs,
  });

  test.each(['before', 'behind'])('a file with the bytes of a listing, %s the directory', async (where) => {
    const writer = await vault.writer();
    const content = noise(9000, 1);
    const inside = writer.put(content, 'data');
    const listing = encodeTree({ entries: [file('inside', [inside], content.length)] });
    const tree = writer.put(listing, 'tree');
    const directory: TreeEntry = { name: 'directory', type: 'directory', ...attributes, tree };
    const copy = file(where === 'before' ? 'a copy' : 'the copy', [tree], listing.length);
    const entries = where === 'before' ? [copy, directory] : [directory, copy];
    const root = writer.put(encodeTree({ entries }), 'tree');
    await writer.finish();
    const index = await vault.index();
    expect((await walk(root)).packs).toContain(index.packs[index.packOf(index.find(inside))]!.id);
  });

  test('a known file with the bytes of a chunk list does not vouch for what the list names', async () => {
    const writer = await vault.writer();
    const content = noise(9000, 1);
    const inside = writer.put(content, 'data');
    const list = Buffer.from(`{"blobs":["${inside}"],"list":1}`);
    const id = writer.put(list, 'tree');
    const before = writer.put(encodeTree({ entries: [file('copy', [id], list.length)] }), 'tree');
    const big: TreeEntry = { name: 'big', type: 'file', ...attributes, size: content.length, lists: [id] };
    const after = writer.put(encodeTree({ entries: [big] }), 'tree');
    await writer.finish();
    const index = await vault.index();
    expect((await walk(after, before)).packs).toContain(index.packs[index.packOf(index.find(inside))]!.id);
  });
});
