/** A sealed vault: everything works as in an open one, and whoever has only the store learns nothing and forges nothing. */
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/codec/identity.ts';
import { systemRandom } from '../../src/core/random.ts';
import { layout } from '../../src/format/layout.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { checkIndex, checkPack } from '../../src/vault/check.ts';
import { collectGarbage, markGarbage } from '../../src/vault/collect.ts';
import { copyPack, indexCopies, packsOf } from '../../src/vault/replicate.ts';
import { Vault } from '../../src/vault/vault.ts';
import {
  at,
  backUp,
  contentOf,
  copyStore,
  hour,
  newVault,
  noise,
  passphrase,
  pour,
  refusal,
  takeLease,
} from './small-vault.ts';

const marker = 'MARKER-that-nobody-may-read';
const files = {
  [`name-${marker}`]: Buffer.from(`${marker}\n`.repeat(400)),
  // stored as it is, without compression: the marker would lie open
  raw: Buffer.concat([noise(5000, 1), Buffer.from(marker), noise(5000, 2)]),
  'folder/large': noise(100_000, 3),
};

let vault: Vault;
let snapshot: Snapshot;
beforeAll(async () => {
  vault = await newVault(memoryStore(), 'passphrase');
  snapshot = await backUp(vault, files, 1);
  await takeLease(vault, 'someone', 2);
  await vault.snapshots.hold(snapshot.id, { who: marker, why: marker, time: at(2).toISOString() });
});

const open = (store = vault.store, word: string | undefined = passphrase): Promise<Vault> =>
  Vault.open(store, { random: systemRandom, passphrase: word });

test('the whole round: restored, deduplicated, checked, replicated, collected', async () => {
  const place = await open(await copyStore(vault.store));
  expect(await contentOf(place, snapshot.root)).toEqual(files);
  const writer = await place.writer();
  expect(await pour(writer, files)).toBe(snapshot.root);
  expect((await writer.finish()).packs).toEqual([]);

  expect((await checkIndex(place)).findings).toEqual([]);
  const packs = await packsOf(place, snapshot);
  for (const pack of packs) expect((await checkPack(place, pack)).finding).toBeUndefined();

  const store = memoryStore();
  await place.createReplica(store);
  const replica = await open(store);
  for (const pack of packs) await copyPack(place, replica, pack);
  await indexCopies(replica, packs);
  expect(await packsOf(replica, snapshot)).toEqual(packs);
  expect(await contentOf(replica, snapshot.root)).toEqual(files);

  await place.leases.end('someone');
  await place.snapshots.delete(snapshot);
  await markGarbage(place, 'p', at(3));
  expect((await collectGarbage(place, at(30), 20 * hour)).packs).toBe(packs.length);
});

test('E8: no stored object holds a marker, in plain, in base64 or in hexadecimal; no name tells it', async () => {
  const seen: string[] = [];
  const needles = [Buffer.from(marker), Buffer.from(marker.slice(4)).toString('hex'), snapshot.root];
  needles.push(...[0, 1, 2].map((shift) => Buffer.from(marker).subarray(shift).toString('base64').slice(0, 20)));
  for await (const { key } of vault.store.list('')) {
    const bytes = await vault.store.get(key);
    for (const needle of needles) {
      expect(bytes.includes(needle)).toBe(false);
      expect(key.includes(needle.toString())).toBe(false);
    }
    if (key === layout.vault) continue;
    // every object but vault.json is sealed, whatever its kind
    if (/^(packs|index)\//.test(key)) expect(bytes.includes('"blobs"')).toBe(false);
    else expect(bytes.subarray(0, 18).toString()).toBe('tidemark-sealed 1\n');
    seen.push(key.split('/')[0]!);
  }
  expect(new Set(seen)).toEqual(new Set(['packs', 'index', 'snapshots', 'leases', 'holds']));
  // the scan itself can fail: in an open vault it finds the marker
  const plain = await newVault();
  await backUp(plain, files, 1);
  const found: boolean[] = [];
  for await (const { key } of plain.store.list('')) found.push((await plain.store.get(key)).includes(marker));
  expect(found).toContain(true);
});

test('ids are not those of the content, and not those of another sealed vault', async () => {
  const small = Buffer.from('a file that an attacker knows');
  const writer = await vault.writer();
  const id = writer.put(small, 'data');
  expect(id).not.toBe(sha256(small));
  const store = memoryStore();
  await Vault.create(store, 'passphrase', at(0), { random: systemRandom, passphrase });
  const other = await (await open(store)).writer();
  expect(other.put(small, 'data')).not.toBe(id);
});

test.each([
  ['another passphrase', `${passphrase}!`],
  ['no passphrase', undefined],
  ['an empty one', ''],
])('%s opens nothing', async (_, word) => {
  const opening = Vault.open(vault.store, { random: systemRandom, passphrase: word });
  expect((await refusal(opening)).name).toBe('VaultKeyWrong');
});

test('a sealed vault cannot be made with no passphrase or a short one, and nothing is left of the attempt', async () => {
  for (const word of [undefined, 'short']) {
    const store = memoryStore();
    const making = Vault.create(store, 'passphrase', at(0), { random: systemRandom, passphrase: word });
    expect((await refusal(making)).name).toBe('VaultKeyWrong');
    expect(await store.head(layout.vault)).toBeUndefined();
  }
});

describe('F11: whoever can write to the store, and has no key', () => {
  const key = (): string => layout.snapshot('data', snapshot.id);

  test('cannot put a snapshot there that is not sealed', async () => {
    const store = await copyStore(vault.store);
    await store.put(key(), Buffer.from(JSON.stringify(snapshot)));
    expect((await refusal((await open(store)).snapshots.list())).name).toBe('VaultDamaged');
  });

  test('cannot put one there that another vault has sealed', async () => {
    const store = await copyStore(vault.store);
    const own = memoryStore();
    await Vault.create(own, 'passphrase', at(0), { random: systemRandom, passphrase: 'the attacker chose this' });
    const forger = await open(own, 'the attacker chose this');
    await forger.snapshots.commit(snapshot);
    await store.put(key(), await own.get(key()));
    expect((await refusal((await open(store)).snapshots.list())).name).toBe('VaultDamaged');
  });

  test('cannot pass an old snapshot off as a new one', async () => {
    const store = await copyStore(vault.store);
    const forged = snapshot.id.replace(/\.\d{8}T/, '.20270101T');
    await store.put(layout.snapshot('data', forged), await store.get(key()));
    expect((await refusal((await open(store)).snapshots.list())).name).toBe('VaultDamaged');
  });

  test('cannot change a byte of a pack, even under a new name that fits', async () => {
    for (const [object, bytes] of await packsIn(vault)) {
      const store = await copyStore(vault.store);
      bytes[60] = bytes[60]! ^ 1;
      await store.delete([object]);
      const name = sha256(bytes);
      await store.put(layout.pack(name), bytes);
      const { finding } = await checkPack(await open(store), name);
      expect(finding?.what).toBe('pack-garbled');
    }
  });

  test('cannot open the vault to writers as one that is not sealed and read what they store', async () => {
    const store = await copyStore(vault.store);
    const config = JSON.parse((await store.get(layout.vault)).toString()) as object;
    await store.put(layout.vault, Buffer.from(JSON.stringify({ ...config, sealing: { kind: 'none' } })));
    // what is there is not taken for the JSON that it is not
    expect((await refusal((await Vault.open(store, { random: systemRandom, passphrase })).snapshots.list())).name).toBe(
      'VaultDamaged',
    );
  });
});

async function packsIn(place: Vault): Promise<[string, Buffer][]> {
  const keys = await place.objects.keys(layout.packs);
  return Promise.all(keys.slice(0, 3).map(async (key): Promise<[string, Buffer]> => [key, await place.store.get(key)]));
}
