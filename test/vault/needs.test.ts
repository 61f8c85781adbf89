/** What was found whole is relied on as long as nothing speaks against it, and not a moment longer. */
import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { idInKey, layout } from '../../src/format/layout.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { collectGarbage, markGarbage } from '../../src/vault/collect.ts';
import { examine, lookAtPacks, needsOf, recordComplete } from '../../src/vault/needs.ts';
import type { Vault } from '../../src/vault/vault.ts';
import {
  at,
  contentOf,
  type Files,
  hour,
  newVault,
  noise,
  openVault,
  pour,
  refusal,
  snapshotOf,
  takeLease,
} from './small-vault.ts';

const first: Files = { a: noise(30_000, 1), 'b/c': noise(30_000, 2) };
const second: Files = { ...first, 'b/d': noise(30_000, 3) };

let vault: Vault;
let parent: Snapshot;
let child: Snapshot;
/** Packs that were there before the child. */
let old: string[];
/** Packs that the child needs. */
let needed: string[];

async function commit(files: Files, hours: number, before?: Snapshot): Promise<Snapshot> {
  const writer = await vault.writer();
  const root = await pour(writer, files);
  await writer.finish();
  const snapshot: Snapshot = { ...snapshotOf(root, hours), ...(before && { parent: before.id }) };
  await vault.snapshots.commit(snapshot);
  return snapshot;
}

async function complete(snapshot: Snapshot): Promise<void> {
  const { needs, findings } = await examine(vault, snapshot);
  expect(findings).toEqual([]);
  await recordComplete(vault, snapshot.id, needs, { time: at(1).toISOString(), by: 'test' });
}

const packsIn = async (): Promise<string[]> => (await vault.objects.keys(layout.packs)).map(idInKey);
const fresh = (): Promise<Vault> => openVault(vault.store);

beforeEach(async () => {
  vault = await newVault();
  parent = await commit(first, 1);
  await complete(parent);
  old = await packsIn();
  child = await commit(second, 2, parent);
  needed = [...(await needsOf(vault, child, 'walk all')).packs.keys()].sort();
});

test('a sound parent is relied on: only what is new is walked, and both together are all that is needed', async () => {
  const needs = await needsOf(await fresh(), child, 'walk new');
  const exact = await needsOf(await fresh(), child, 'walk all');
  expect(needs.basis).toBe(parent.id);
  expect(exact.basis).toBeUndefined();
  expect(needs.walked.filter((pack) => old.includes(pack))).toEqual([]);
  for (const [pack, size] of exact.packs) expect(needs.packs.get(pack)).toBe(size);
  expect([...needs.packs.keys()].sort()).toEqual((await packsIn()).sort());
});

test('a snapshot that was found whole before is its own witness, and the next one rests on it', async () => {
  await complete(child);
  expect(await needsOf(vault, child, 'walk new')).toMatchObject({ basis: child.id, walked: [] });
  const third = await commit({ ...second, e: noise(100, 9) }, 3, child);
  expect(await needsOf(vault, third, 'walk new')).toMatchObject({ basis: child.id });
});

const reasons: readonly [string, () => Promise<unknown>][] = [
  ['its list is gone', () => vault.store.delete([layout.needs(parent.id)])],
  ['its list is garbled', () => vault.store.put(layout.needs(parent.id), Buffer.from('{"packs":'))],
  ['its level is gone', () => vault.store.delete([layout.trust(parent.id, 'complete')])],
  ['its level is garbled', () => vault.store.put(layout.trust(parent.id, 'complete'), Buffer.from('no'))],
  ['it is gone itself', () => vault.snapshots.delete(parent)],
  ['its record is garbled', () => vault.store.put(layout.snapshot('data', parent.id), Buffer.from('{}'))],
  ['a verification left damage', () => vault.objects.write(layout.unrepaired, {})],
  [
    'a pack on its list is marked for collection',
    () => vault.fossils.write({ id: 'p', marked: at(3).toISOString(), packs: [{ id: old[0]!, size: 1 }], writers: [] }),
  ],
  [
    'its list names a pack that the index does not',
    () => vault.objects.write(layout.needs(parent.id), { packs: [...old, 'f'.repeat(64)] }),
  ],
];
test.each(reasons)('the parent is not relied on when %s, and everything is walked', async (_, spoil) => {
  await spoil();
  const { needs, findings } = await examine(await fresh(), child);
  expect(needs.basis).toBeUndefined();
  expect([...needs.packs.keys()].sort()).toEqual(needed);
  expect(findings).toEqual([]);
});

test('what was found whole in one vault says nothing of another', async () => {
  const replica = await newVault();
  for (const key of [...(await vault.objects.keys(layout.packs)), ...(await vault.objects.keys(layout.indexes))])
    await replica.store.put(key, await vault.store.get(key));
  expect((await needsOf(replica, child, 'walk new')).basis).toBeUndefined();
});

test('a segment of the index that is lost is noticed, also where only the parent needed it before', async () => {
  const segments = await vault.objects.keys(layout.indexes);
  expect(segments).toHaveLength(2);
  for (const key of segments) {
    const bytes = await vault.store.get(key);
    await vault.store.delete([key]);
    expect((await refusal(examine(await fresh(), child))).name).toBe('VaultDamaged');
    await vault.store.put(key, bytes);
  }
});

describe('packs that are lost since', () => {
  test('any pack that is needed is noticed: missing or of another size', async () => {
    for (const pack of needed) {
      const bytes = await vault.store.get(layout.pack(pack));
      await vault.store.delete([layout.pack(pack)]);
      const lost = await examine(await fresh(), child).then(
        ({ findings }) => findings[0]?.what,
        (error: Error) => error.name,
      );
      expect(lost).toMatch(/^(pack-missing|VaultDamaged)$/);
      await vault.store.put(layout.pack(pack), Buffer.concat([bytes, Buffer.from('x')]));
      const { findings } = await examine(await fresh(), child);
      expect(findings).toMatchObject([{ what: 'pack-size', object: layout.pack(pack) }]);
      await vault.store.put(layout.pack(pack), bytes);
    }
    expect((await examine(await fresh(), child)).findings).toEqual([]);
  });

  test('one that only the parent needed does not touch the child', async () => {
    const other = await commit({ 'b/d': second['b/d']! }, 3, parent);
    const enough = new Set((await needsOf(vault, other, 'walk all')).packs.keys());
    const useless = old.filter((pack) => !enough.has(pack));
    expect(useless.length).toBeGreaterThan(0);
    await vault.store.delete(useless.map(layout.pack));
    const { needs, findings } = await examine(await fresh(), other);
    expect(findings).toEqual([]);
    expect(new Set(needs.packs.keys())).toEqual(enough);
  });

  test('in a vault of very many packs only those of what is new are asked for; the others are for verification', async () => {
    const needs = await needsOf(vault, child, 'walk new');
    await vault.store.delete([layout.pack(old[0]!)]);
    expect(await lookAtPacks(vault, needs, 0)).toEqual([]);
    await vault.store.delete([layout.pack(needs.walked[0]!)]);
    expect(await lookAtPacks(vault, needs, 0)).toMatchObject([
      { what: 'pack-missing', object: layout.pack(needs.walked[0]!) },
    ]);
    // without anything to rely on, all of them are looked at
    expect(await lookAtPacks(vault, { packs: needs.packs, walked: needs.walked }, 0)).toHaveLength(2);
  });
});

test('a list that has outgrown what is needed is made exact again once collection wants what is too much', async () => {
  await complete(child);
  const small = await commit({ 'b/d': second['b/d']! }, 3, child);
  await complete(small);
  const exact = (await needsOf(vault, small, 'walk all')).packs;
  expect((await needsOf(vault, small, 'walk new')).packs.size).toBeGreaterThan(exact.size);
  for (const gone of [parent, child]) await vault.snapshots.delete(gone);

  expect((await markGarbage(vault, 'p1', at(24))).packs).toBeGreaterThan(0);
  expect((await examine(vault, small)).needs).toMatchObject({ packs: exact });
  await collectGarbage(vault, at(50), 20 * hour);
  const { needs, findings } = await examine(await fresh(), small);
  expect({ needs: new Set(needs.packs.keys()), findings }).toEqual({ needs: new Set(exact.keys()), findings: [] });
});

/**
 * Backups, prunes, collections and losses in an order drawn at random. The model: what is called whole restores, at that
 * moment, byte for byte; and what is called damaged does not, so that nobody is alarmed for nothing.
 */
test.each([...Array(25).keys()])('whatever happened before: seed %i', async (seed) => {
  const random = seededRandom(1000 + seed);
  vault = await newVault();
  const contents = new Map<string, Files>();
  let files: Files = { a: noise(9000, 1), 'b/c': noise(9000, 2), 'd/e/f': noise(500, 3) };
  let now = 10;
  let relied = 0;
  const judge = async (snapshot: Snapshot): Promise<void> => {
    const place = random.below(2) === 0 ? vault : await fresh();
    const verdict = await examine(place, snapshot).catch((error: Error) => error);
    const whole = !(verdict instanceof Error) && verdict.findings.length === 0;
    const restored = await contentOf(await fresh(), snapshot.root).catch(() => undefined);
    expect({ whole, restored: restored !== undefined }).toEqual({ whole, restored: whole });
    if (verdict instanceof Error || !whole) return;
    expect(restored).toEqual(contents.get(snapshot.root));
    if (verdict.needs.basis !== undefined) relied += 1;
    await recordComplete(place, snapshot.id, verdict.needs, { time: at(now).toISOString(), by: 'test' });
  };
  const lose = async (prefix: string): Promise<void> => {
    const keys = await vault.objects.keys(prefix);
    if (keys.length > 0) await vault.store.delete([keys[random.below(keys.length)]!]);
  };
  for (let turn = 0; turn < 40; turn += 1) {
    now += random.below(3) * 10;
    const [newest] = await vault.snapshots.list();
    const drawn = random.below(20);
    if (drawn < 11) {
      const path = ['a', 'b/c', 'b/g', 'd/e/f', 'd/e/h', 'i/j'][random.below(6)]!;
      files = { ...files, [path]: noise(200 + random.below(4000), seed * 1000 + turn) };
      if (random.below(4) === 0) files = Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
      await takeLease(vault, `w${turn}`, now);
      const snapshot = await commit(files, now + turn / 1000, newest);
      contents.set(snapshot.root, files);
      await judge(snapshot);
      await vault.leases.end(`w${turn}`);
    } else if (drawn < 14) {
      const snapshots = await vault.snapshots.list();
      const gone = snapshots[1 + random.below(snapshots.length)];
      if (gone) await vault.snapshots.delete(gone);
    } else if (drawn < 16) {
      await markGarbage(await fresh(), `p${turn}`, at(now)).catch(() => {}); // refused where something is lost
    } else if (drawn < 18) {
      await collectGarbage(await fresh(), at(now), 20 * hour).catch(() => {});
    } else if (turn > 15 && random.below(3) === 0) {
      await lose(random.below(2) === 0 ? layout.packs : layout.indexes);
    } else if (newest) await judge(newest);
  }
  expect(relied).toBeGreaterThan(0);
});
