/** Every way in which a vault can be broken: found, called by its name, and put right where a replica can help. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { sha256 } from '../../src/codec/identity.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { noDeadline } from '../../src/core/deadline.ts';
import { silentLog } from '../../src/core/log.ts';
import { seededRandom } from '../../src/core/random.ts';
import { encodeIndexObject } from '../../src/format/index.ts';
import { idInKey, layout } from '../../src/format/layout.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { createVaults } from '../../src/operations/vaults.ts';
import { checkVault } from '../../src/operations/verify/check-vault.ts';
import { planVerify } from '../../src/operations/verify/plan-verify.ts';
import { verifyPacks } from '../../src/operations/verify/verify-packs.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { checkIndex, checkPack, checkPackSum, type Damage, rebuildIndex, repairPack } from '../../src/vault/check.ts';
import { copyPack, packsOf } from '../../src/vault/replicate.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { storeIndexSegment } from '../../src/vault/writer.ts';
import { FrameBuilder } from '../../src/vault/writing/frame-builder.ts';
import { PackBuilder } from '../../src/vault/writing/pack-builder.ts';
import {
  at,
  backUp,
  contentOf,
  copyStore,
  newVault,
  noise,
  openVault,
  passphrase,
  refusal,
  sizes,
} from './small-vault.ts';

const files = { a: noise(30_000, 1), 'b/c': noise(20_000, 2), text: Buffer.from('line\n'.repeat(4000)) };

interface Sound {
  readonly vault: Vault;
  readonly snapshot: Snapshot;
  readonly data: string;
  readonly tree: string;
}

async function soundVault(): Promise<Sound> {
  const vault = await newVault();
  const snapshot = await backUp(vault, files, 1);
  const packs = (await vault.index()).packs;
  const [data, tree] = [packs.find(({ kind }) => kind === 'data')!, packs.find(({ kind }) => kind === 'tree')!];
  return { vault, snapshot, data: data.id, tree: tree.id };
}

async function change(store: ObjectStore, key: string, edit: (bytes: Buffer) => Buffer): Promise<string> {
  await store.put(key, edit(await store.get(key)));
  return key;
}

const flip =
  (where: (length: number) => number) =>
  (bytes: Buffer): Buffer => {
    const offset = where(bytes.length);
    bytes[offset] = bytes[offset]! ^ 0x10;
    return bytes;
  };

/** Stores a pack that was built wrong: its name is its checksum, so only a look inside shows it. Known to the index. */
async function storeBuiltWrong(vault: Vault, edit: (bytes: Buffer) => Buffer, id?: string): Promise<string> {
  const built: Buffer[] = [];
  const sink = {
    nonce: () => 'n',
    store: async (_: string, bytes: Uint8Array) => {
      built.push(Buffer.from(bytes));
    },
  };
  const builder = new PackBuilder('data', vault.cipher, sizes, sink);
  const frames = new FrameBuilder(vault.cipher, sizes.frame, (frame) => builder.add(frame));
  const blob = noise(3000, 77);
  frames.add(id ?? sha256(blob), blob);
  await frames.flush();
  await builder.finish();
  const bytes = edit(built[0]!);
  const name = sha256(bytes);
  await vault.store.put(layout.pack(name), bytes);
  const record = builder.finished[0]!;
  await storeIndexSegment(vault.store, vault.cipher, [{ ...record, id: name, size: bytes.length }]);
  return layout.pack(name);
}

const segmentOf = async (vault: Vault): Promise<string> => (await vault.objects.keys(layout.indexes))[0]!;

/** What it is called, how it comes about, and what is said of which object (the key that is returned). */
const ways: readonly [way: string, what: Damage, repairable: boolean, breakIt: (sound: Sound) => Promise<string>][] = [
  [
    'a pack is missing',
    'pack-missing',
    true,
    async ({ vault, data }) => {
      await vault.store.delete([layout.pack(data)]);
      return layout.pack(data);
    },
  ],
  [
    'a pack is cut short',
    'pack-size',
    true,
    ({ vault, data }) => change(vault.store, layout.pack(data), (bytes) => bytes.subarray(0, bytes.length >> 1)),
  ],
  [
    'a pack is empty',
    'pack-size',
    true,
    ({ vault, tree }) => change(vault.store, layout.pack(tree), () => Buffer.alloc(0)),
  ],
  [
    'a byte of a frame has flipped',
    'pack-checksum',
    true,
    ({ vault, data }) =>
      change(
        vault.store,
        layout.pack(data),
        flip(() => 40),
      ),
  ],
  [
    'a byte of a directory has flipped',
    'pack-checksum',
    true,
    ({ vault, data }) =>
      change(
        vault.store,
        layout.pack(data),
        flip((length) => length - 40),
      ),
  ],
  [
    'a byte of a trailer has flipped',
    'pack-checksum',
    true,
    ({ vault, tree }) =>
      change(
        vault.store,
        layout.pack(tree),
        flip((length) => length - 3),
      ),
  ],
  [
    'a blob is not what its id says',
    'blob-wrong',
    false,
    ({ vault }) => storeBuiltWrong(vault, (bytes) => bytes, 'ab'.repeat(32)),
  ],
  [
    'a pack was written without its end',
    'pack-garbled',
    false,
    ({ vault }) => storeBuiltWrong(vault, (bytes) => bytes.subarray(0, -5)),
  ],
  [
    'a pack was written with a wrong directory',
    'pack-garbled',
    false,
    ({ vault }) =>
      storeBuiltWrong(
        vault,
        flip((length) => length - 40),
      ),
  ],
  [
    'a segment has flipped',
    'index-damaged',
    true,
    async ({ vault }) =>
      change(
        vault.store,
        await segmentOf(vault),
        flip((length) => length >> 1),
      ),
  ],
  [
    'the version in a segment has flipped',
    'index-damaged',
    true,
    async ({ vault }) =>
      change(
        vault.store,
        await segmentOf(vault),
        flip(() => 15),
      ),
  ],
  [
    'a segment is cut short',
    'index-damaged',
    true,
    async ({ vault }) => change(vault.store, await segmentOf(vault), (bytes) => bytes.subarray(0, 18)),
  ],
  [
    'a segment is empty',
    'index-damaged',
    true,
    async ({ vault }) => change(vault.store, await segmentOf(vault), () => Buffer.alloc(0)),
  ],
  [
    'a segment holds rubbish under its own checksum',
    'index-damaged',
    true,
    async ({ vault }) => {
      const bytes = encodeIndexObject('raw', 7, Buffer.from('rubbish'));
      await vault.store.put(layout.index(sha256(bytes)), bytes);
      return layout.index(sha256(bytes));
    },
  ],
  [
    'a snapshot is garbled',
    'snapshot-damaged',
    true,
    ({ vault, snapshot }) =>
      change(vault.store, layout.snapshot('data', snapshot.id), (bytes) => bytes.subarray(0, 100)),
  ],
  [
    'a snapshot lacks a member',
    'snapshot-damaged',
    true,
    ({ vault, snapshot }) =>
      change(vault.store, layout.snapshot('data', snapshot.id), () => Buffer.from('{"format":"tidemark-snapshot"}')),
  ],
  [
    'a snapshot needs what the vault never had',
    'snapshot-incomplete',
    false,
    async ({ vault, snapshot }) => {
      const lost = { ...snapshot, id: `${snapshot.id}x`, root: 'cd'.repeat(32) };
      await vault.snapshots.commit(lost);
      return layout.snapshot('data', lost.id);
    },
  ],
];

const findingSchema = z.object({ what: z.string(), object: z.string(), repaired: z.boolean() });

/** A whole verification of the first of the stores, with the others to help. */
async function verify(stores: readonly ObjectStore[], execution: string): Promise<z.infer<typeof findingSchema>[]> {
  const clock = new VirtualClock(at(10));
  const context = {
    vaults: createVaults(stores, 'none', clock, { random: seededRandom(3), passphrase }),
    clock,
    log: silentLog,
    deadline: noDeadline,
  } as unknown as OperationContext;
  const plan = await planVerify({ readAll: true, execution, started: at(10).toISOString() }, context);
  const { batches } = await checkVault(plan.vaults[0]!, context);
  for (const batch of batches) await verifyPacks(batch, context);
  const { objects } = await context.vaults.open(0);
  const findings: z.infer<typeof findingSchema>[] = [];
  for (const key of await objects.keys(layout.workOf(plan.verify))) {
    const record = await objects.read(key, z.object({ findings: z.array(findingSchema).optional() }));
    findings.push(...(record.findings ?? []));
  }
  return findings;
}

test('in a sound vault nothing is found, and every pack was read', async () => {
  const { vault } = await soundVault();
  expect(await verify([vault.store], 'one')).toEqual([]);
  const { findings, unindexed, packs } = await checkIndex(vault);
  expect({ findings, unindexed }).toEqual({ findings: [], unindexed: [] });
  expect([...packs.keys()].sort()).toEqual((await vault.objects.keys(layout.packs)).map(idInKey));
  let bytes = 0;
  for (const [id, size] of packs) {
    expect(await checkPack(vault, id)).toEqual({ finding: undefined, bytes: size });
    expect(await checkPackSum(vault, id)).toEqual({ finding: undefined, bytes: size });
    bytes += size;
  }
  expect(bytes).toBeGreaterThan(50_000);
});

describe.each(ways)('%s', (_, what, repairable, breakIt) => {
  test(`is called ${what}, on the object that it is`, async () => {
    const sound = await soundVault();
    const object = await breakIt(sound);
    const findings = await verify([sound.vault.store], 'one');
    expect(findings).toContainEqual(expect.objectContaining({ what, object }));
    // nothing sound is accused, but for what cannot be restored without the broken object
    for (const finding of findings) {
      if (finding.what !== 'snapshot-incomplete') expect(finding.object).toBe(object);
    }
  });

  test(`with a replica: ${repairable ? 'repaired, and then nothing is found any more' : 'told, and not called repaired'}`, async () => {
    const sound = await soundVault();
    const replica = await copyStore(sound.vault.store);
    const object = await breakIt(sound);
    const findings = await verify([sound.vault.store, replica], 'one');
    expect(findings.find((finding) => finding.object === object && finding.what === what)?.repaired).toBe(repairable);
    if (!repairable) return;
    expect(await verify([sound.vault.store, replica], 'two')).toEqual([]);
    expect(await contentOf(await openVault(sound.vault.store), sound.snapshot.root)).toEqual(files);
  });
});

test('a pack that no segment tells of is named, and its own directory is enough to index it again', async () => {
  const { vault, snapshot } = await soundVault();
  const segments = await vault.objects.keys(layout.indexes);
  await vault.store.delete(segments);
  const blind = await openVault(vault.store);
  expect((await refusal(packsOf(blind, snapshot))).name).toBe('VaultDamaged');
  const { findings, unindexed } = await checkIndex(blind);
  expect(findings).toEqual([]);
  expect(unindexed.length).toBe((await vault.objects.keys(layout.packs)).length);
  expect(await rebuildIndex(blind, unindexed, [])).toBe(unindexed.length);
  expect((await checkIndex(blind)).unindexed).toEqual([]);
  expect(await contentOf(blind, snapshot.root)).toEqual(files);
  // the same records as the writer's, in another order
  expect((await openVault(vault.store).then((again) => again.index())).packs.map(({ id }) => id).sort()).toEqual(
    [...unindexed].sort(),
  );
});

describe('a replica that is damaged itself', () => {
  test.each([
    [
      'has another byte',
      (store: ObjectStore, key: string) =>
        change(
          store,
          key,
          flip(() => 50),
        ),
    ],
    ['has nothing', (store: ObjectStore, key: string) => store.delete([key])],
  ])('%s: it repairs nothing, and nothing is copied from it', async (_, spoil) => {
    const { vault, data } = await soundVault();
    const replica = await openVault(await copyStore(vault.store));
    await spoil(replica.store, layout.pack(data));
    const before = await vault.store.get(layout.pack(data));
    expect(await repairPack(vault, data, replica)).toBe(false);
    expect((await refusal(copyPack(replica, vault, data))).name).toMatch(/VaultDamaged|ObjectMissing/);
    expect(await vault.store.get(layout.pack(data))).toEqual(before);
  });
});
