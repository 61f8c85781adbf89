/** What goes in comes out, once however often it came, and is seen by nobody before its commit. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { layout } from '../../src/format/layout.ts';
import { decodeTree, encodeTree, maxInlineBlobs } from '../../src/format/tree.ts';
import { faulty } from '../../src/storage/faulty.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { Vault } from '../../src/vault/vault.ts';
import type { StreamState } from '../../src/vault/writing/content-stream.ts';
import {
  at,
  backUp,
  bytesUnder,
  contentOf,
  copyStore,
  newVault,
  noise,
  openVault,
  pour,
  refusal,
  sizes,
  snapshotOf,
} from './small-vault.ts';

const files = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  'just one chunk': noise(sizes.chunk.maximum, 1),
  text: Buffer.from('the same line again and again\n'.repeat(2000)),
  'folder/inner': noise(30_000, 2),
  'folder/deeper/copy of inner': noise(30_000, 2),
  'folder/größe': Buffer.from('ü'),
};

test('a snapshot comes back byte for byte, to whoever opens the vault later', async () => {
  const vault = await newVault();
  const snapshot = await backUp(vault, files, 1);
  const later = await openVault(vault.store);
  expect(await later.snapshots.list()).toEqual([snapshot]);
  expect(await contentOf(later, snapshot.root)).toEqual(files);
});

test('a content of many blobs goes through chunk lists, and an edit changes few blobs and one list or two', async () => {
  const vault = await newVault();
  const large = noise(4_000_000, 3);
  const first = await backUp(vault, { large }, 1);
  const [entry] = (await (await vault.reader()).tree(first.root)).entries;
  expect(entry!.blobs).toBeUndefined();
  expect(entry!.lists!.length).toBeGreaterThan(2);
  const before = await bytesUnder(vault.store, layout.packs);

  const edited = Buffer.concat([large.subarray(0, 2_000_000), Buffer.from('inserted'), large.subarray(2_000_000)]);
  const second = await backUp(await openVault(vault.store), { large: edited }, 2);
  const [other] = (await (await vault.reader()).tree(second.root)).entries;
  const shared = other!.lists!.filter((list) => entry!.lists!.includes(list));
  expect(shared.length).toBeGreaterThanOrEqual(other!.lists!.length - 2);
  expect((await bytesUnder(vault.store, layout.packs)) - before).toBeLessThan(large.length / 8);
  expect((await contentOf(vault, second.root)).large!.equals(edited)).toBe(true);
  expect((await contentOf(vault, first.root)).large!.equals(large)).toBe(true);
});

test.each([maxInlineBlobs, maxInlineBlobs + 1])('%i blobs: inline up to the limit, listed above it', async (count) => {
  const vault = await newVault();
  const writer = await vault.writer();
  const blobs = Array.from({ length: count - 1 }, (_, number) => writer.put(Buffer.from(`blob ${number}`), 'data'));
  const stream = writer.stream({ size: 0, blobs, lists: [] });
  stream.write(Buffer.from('the last'));
  const content = stream.end();
  await writer.finish();
  expect('lists' in content).toBe(count > maxInlineBlobs);
  const reader = await vault.reader();
  const read: string[] = [];
  for await (const ids of reader.blobsOf(content)) read.push(...ids);
  expect(read.slice(0, -1)).toEqual(blobs);
  expect((await reader.blob(read.at(-1)!)).toString()).toBe('the last');
});

describe('deduplication', () => {
  test('the same files again add a snapshot and no pack, by the same writer, another one and another process', async () => {
    const vault = await newVault();
    const first = await backUp(vault, files, 1);
    const packs = await vault.objects.keys(layout.packs);
    const segments = await vault.objects.keys(layout.indexes);
    expect(packs.length).toBeGreaterThan(2);
    for (const again of [vault, await openVault(vault.store)]) {
      const writer = await again.writer();
      expect(await pour(writer, files)).toBe(first.root);
      expect(await pour(writer, files)).toBe(first.root);
      expect(await writer.finish()).toMatchObject({ packs: [], stored: 0 });
    }
    expect(await vault.objects.keys(layout.packs)).toEqual(packs);
    expect(await vault.objects.keys(layout.indexes)).toEqual(segments);
  });

  test('two writers at once both store what neither knows, and either copy will do', async () => {
    const vault = await newVault();
    const other = await openVault(vault.store);
    const [one, two] = [await vault.writer(), await other.writer()];
    const root = await pour(one, files);
    expect(await pour(two, files)).toBe(root);
    const first = await one.finish();
    const firstSegments = await vault.objects.keys(layout.indexes);
    const second = await two.finish();
    const secondSegments = (await vault.objects.keys(layout.indexes)).filter((key) => !firstSegments.includes(key));
    expect(new Set([...first.packs, ...second.packs].map(({ id }) => id)).size).toBe(
      first.packs.length + second.packs.length,
    );
    for (const gone of [first, second]) {
      const left = await openVault(await copyStore(vault.store));
      const segments = gone === first ? firstSegments : secondSegments;
      await left.store.delete([...gone.packs.map(({ id }) => layout.pack(id)), ...segments]);
      expect(await contentOf(left, root)).toEqual(files);
    }
  });

  test('holds says yes to what is durable or this writer has taken, and no to everything else', async () => {
    const vault = await newVault();
    const writer = await vault.writer();
    const id = writer.put(Buffer.from('something'), 'data');
    expect(writer.holds([id])).toBe(true);
    expect((await vault.writer()).holds([id])).toBe(false);
    await writer.finish();
    expect((await vault.writer()).holds([id])).toBe(true);
    expect((await vault.writer()).holds([id, 'f'.repeat(64)])).toBe(false);
    // the beginning of an id, after a look for that very id, is no id
    expect((await vault.writer()).holds([id, id.slice(0, 20)])).toBe(false);
    expect((await vault.writer()).holds([])).toBe(true);
  });
});

test('a stream that is suspended and resumed by other writers names the same blobs as one that was not', async () => {
  const bytes = noise(1_500_000, 4);
  const straight = (await newVault()).writer().then((writer) => {
    const stream = writer.stream();
    stream.write(bytes);
    return stream.end();
  });
  const vault = await newVault();
  let state: StreamState | undefined;
  for (let turn = 1; turn <= 7; turn += 1) {
    const writer = await vault.writer();
    const stream = writer.stream(state);
    // what was written and not yet cut off is given up, and has to be written again
    stream.write(bytes.subarray(state?.size ?? 0, turn * 200_001));
    state = JSON.parse(JSON.stringify(stream.suspend())) as StreamState;
    expect(state.size).toBeLessThanOrEqual(turn * 200_001);
    expect(state.size).toBeGreaterThan(turn * 200_001 - sizes.chunk.maximum - 1);
    await writer.finish();
  }
  const stream = (await vault.writer()).stream(state);
  stream.write(bytes.subarray(state!.size));
  expect(stream.end()).toEqual(await straight);
});

describe('commit', () => {
  test('B7: nothing is seen before it, and a writer that is given up leaves only what nobody relies on', async () => {
    const vault = await newVault();
    const writer = await vault.writer();
    await pour(writer, files);
    const other = await openVault(vault.store);
    expect(await other.snapshots.list()).toEqual([]);
    // packs may be there already: without the index, which comes last, they count for nothing
    expect((await other.index()).size).toBe(0);
    await writer.finish();
    expect(await other.snapshots.list()).toEqual([]);
    expect((await other.index()).size).toBeGreaterThan(0);
  });

  test('the same snapshot twice is one; another of the same id is refused and changes nothing', async () => {
    const vault = await newVault();
    const snapshot = await backUp(vault, files, 1);
    await vault.snapshots.commit(structuredClone(snapshot));
    const other = { ...snapshot, root: 'a'.repeat(64) };
    expect((await refusal(vault.snapshots.commit(other))).name).toBe('ObjectExists');
    expect(await (await openVault(vault.store)).snapshots.list()).toEqual([snapshot]);
  });

  test('of two that commit different snapshots under one id at once, one wins', async () => {
    const store = memoryStore();
    const [one, two] = [await newVault(store), await openVault(store)];
    const snapshot = await backUp(one, files, 1);
    const rivals = ['a', 'b'].map((digit) => ({ ...snapshot, id: 'data.x.y', root: digit.repeat(64) }));
    const ends = await Promise.allSettled([one.snapshots.commit(rivals[0]!), two.snapshots.commit(rivals[1]!)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a snapshot whose answer was lost is committed again without harm', async () => {
    const store = memoryStore();
    const snapshot = snapshotOf('a'.repeat(64), 1);
    await newVault(store);
    const lossy = faulty(store, [{ kind: 'fail-after', operation: 'put', key: 'snapshots/', call: 1 }]);
    const vault = await openVault(lossy);
    expect((await refusal(vault.snapshots.commit(snapshot))).name).toBe('StoreUnreachable');
    await vault.snapshots.commit(snapshot);
    lossy.requireAllFired();
    expect(await vault.snapshots.list()).toEqual([snapshot]);
  });
});

test.each([
  ['packs/', 1],
  ['packs/', 3],
  ['index/', 1],
  ['snapshots/', 1],
])('when the put of %s number %i fails, the backup fails with it and nothing is committed', async (key, call) => {
  const store = memoryStore();
  await newVault(store);
  const full = faulty(store, [{ kind: 'fail-before', operation: 'put', key, call, error: 'StoreFull' }]);
  expect((await refusal(backUp(await openVault(full), files, 1))).name).toBe('StoreFull');
  full.requireAllFired();
  const later = await openVault(store);
  expect(await later.snapshots.list()).toEqual([]);
  const again = await backUp(later, files, 2);
  expect(await contentOf(later, again.root)).toEqual(files);
});

/** How many bytes of packs are on their way at the same time, at most. */
function slow(store: ObjectStore): ObjectStore & { readonly most: () => { bytes: number; puts: number } } {
  let bytes = 0;
  let puts = 0;
  const most = { bytes: 0, puts: 0 };
  return Object.assign(Object.create(store) as ObjectStore, {
    most: () => most,
    get: store.get.bind(store),
    list: store.list.bind(store),
    head: store.head.bind(store),
    delete: store.delete.bind(store),
    async put(key: string, body: Uint8Array, options?: object) {
      bytes += body.length;
      puts += 1;
      most.bytes = Math.max(most.bytes, bytes);
      most.puts = Math.max(most.puts, puts);
      await systemClock.sleep(5);
      await store.put(key, body, options);
      bytes -= body.length;
      puts -= 1;
    },
  });
}

test('whoever waits for drain has only a few packs in memory, however slow the store', async () => {
  const memory = memoryStore();
  await newVault(memory);
  const store = slow(memory);
  const vault = await openVault(store);
  const writer = await vault.writer();
  const stream = writer.stream();
  const piece = noise(1000, 5);
  let waits = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    piece.writeUInt32LE(turn, 0);
    stream.write(Buffer.from(piece.map((byte) => byte ^ (turn & 0xff))));
    const wait = writer.drain();
    if (wait) {
      waits += 1;
      await wait;
    }
  }
  stream.end();
  const { packs } = await writer.finish();
  expect(packs.length).toBeGreaterThan(40);
  expect(waits).toBeGreaterThan(10);
  // three packs being put and five frames (two to a pack) being compressed, and the pack they were waiting for
  expect(store.most().puts).toBeLessThanOrEqual(3 + 3);
  expect(store.most().bytes).toBeLessThan(6 * 2 * sizes.pack);
});

describe('reading', () => {
  test('a blob that is not there, or is not what its id says, is damage with a place and a hint', async () => {
    const vault = await newVault();
    const snapshot = await backUp(vault, files, 1);
    const reader = await vault.reader();
    const missing = await refusal(reader.blob('0'.repeat(64)));
    expect(missing).toMatchObject({ name: 'VaultDamaged', hint: expect.stringContaining('tidemark verify') });

    for (const key of await vault.objects.keys(layout.packs)) {
      const bytes = await vault.store.get(key);
      bytes[40] = bytes[40]! ^ 1;
      await vault.store.put(key, bytes);
    }
    const damaged = await refusal(contentOf(await openVault(vault.store), snapshot.root));
    expect(damaged.name).toBe('VaultDamaged');
  });

  test('frames that were stored together are fetched once each', async () => {
    const vault = await newVault();
    const snapshot = await backUp(vault, { large: noise(200_000, 6) }, 1);
    let gets = 0;
    const counting = Object.assign(Object.create(vault.store) as ObjectStore, {
      get: (key: string, range?: { offset: number; length: number }) => {
        if (key.startsWith(layout.packs)) gets += 1;
        return vault.store.get(key, range);
      },
      list: vault.store.list.bind(vault.store),
    });
    const reader = await (await openVault(counting)).reader();
    const [entry] = (await reader.tree(snapshot.root)).entries;
    for await (const blobs of reader.blobsOf(entry!)) for (const blob of blobs) await reader.blob(blob);
    expect(gets).toBe((await vault.index()).frames.length);
  });

  test('an empty blob is a blob', async () => {
    const vault = await newVault();
    const writer = await vault.writer();
    const id = writer.put(Buffer.alloc(0), 'data');
    await writer.finish();
    expect(await (await vault.reader()).blob(id)).toEqual(Buffer.alloc(0));
  });

  test('a blob larger than a frame gets one of its own', async () => {
    const vault = await newVault();
    const writer = await vault.writer();
    const entries = Array.from({ length: 400 }, (_, number) => ({
      ...{ name: `file ${String(number).padStart(4, '0')}`, type: 'file' as const, mode: 0o644, uid: 0, gid: 0 },
      ...{ mtime: '0', size: 0, blobs: [] },
    }));
    const tree = encodeTree({ entries });
    expect(tree.length).toBeGreaterThan(2 * sizes.frame);
    const around = ['before', 'after'].map((word) => encodeTree({ entries: [{ ...entries[0]!, name: word }] }));
    const ids = [around[0]!, tree, around[1]!].map((bytes) => writer.put(bytes, 'tree'));
    await writer.finish();
    const reader = await vault.reader();
    expect((await reader.tree(ids[1]!)).entries).toEqual(entries);
    expect(decodeTree(await reader.blob(ids[0]!)).entries[0]!.name).toBe('before');
    expect(decodeTree(await reader.blob(ids[2]!)).entries[0]!.name).toBe('after');
  });
});

describe('a place for a vault', () => {
  const secrets = { random: { bytes: (length: number) => Buffer.alloc(length, 3) } };

  test('two that make one at once end with one vault', async () => {
    const store = memoryStore();
    await Promise.all([1, 2].map((hours) => Vault.create(store, 'none', at(hours), secrets)));
    const one = await Vault.open(store, secrets);
    await Vault.create(store, 'none', at(9), secrets);
    expect((await Vault.open(store, secrets)).config).toEqual(one.config);
  });

  test('a store without conditional create is refused before anything is written', async () => {
    const store = memoryStore();
    const weak = Object.assign(Object.create(store) as ObjectStore, {
      capabilities: { ...store.capabilities, conditionalCreate: false },
    });
    expect((await refusal(Vault.create(weak, 'none', at(0), secrets))).name).toBe('StoreLawBroken');
    expect(await store.head(layout.vault)).toBeUndefined();
  });

  test.each([
    ['no vault', undefined, 'VaultMissing'],
    ['what is not JSON', '{', 'VaultDamaged'],
    ['another JSON', '{"hello":1}', 'VaultDamaged'],
    ['null', 'null', 'VaultDamaged'],
    ['a newer version', '{"format":"tidemark-vault","version":2}', 'VaultFormatUnknown'],
  ])('%s is refused by name', async (_, text, name) => {
    const store = memoryStore();
    if (text !== undefined) await store.put(layout.vault, Buffer.from(text));
    expect((await refusal(Vault.open(store, secrets))).name).toBe(name);
  });
});
