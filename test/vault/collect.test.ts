/** Garbage goes, and nothing else does: whoever is at work meanwhile, and however late they end. */
import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { idInKey, layout } from '../../src/format/layout.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { collectGarbage, markGarbage } from '../../src/vault/collect.ts';
import { repack } from '../../src/vault/collecting/repack.ts';
import { readIndexSegment } from '../../src/vault/index-loader.ts';
import type { Vault } from '../../src/vault/vault.ts';
import type { BlobWriter } from '../../src/vault/writer.ts';
import {
  at,
  backUp,
  bytesUnder,
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

const grace = 20 * hour;
const old: Files = { a: noise(30_000, 1), 'b/c': noise(30_000, 2) };
const other: Files = { d: noise(30_000, 3) };

let vault: Vault;
let doomed: Snapshot;
let kept: Snapshot;
let garbage: string[];

const packsIn = async (place: Vault): Promise<string[]> => (await place.objects.keys(layout.packs)).map(idInKey);

/** Two snapshots that share nothing; the first is deleted. */
beforeEach(async () => {
  vault = await newVault();
  doomed = await backUp(vault, old, 1);
  garbage = await packsIn(vault);
  kept = await backUp(vault, other, 2);
  await vault.snapshots.delete(doomed);
});

async function expectKept(): Promise<void> {
  expect(await contentOf(await openVault(vault.store), kept.root)).toEqual(other);
}

describe('two steps', () => {
  test('marked packs stay until the grace is over; then they are gone, from the index too, and space has fallen', async () => {
    const before = await bytesUnder(vault.store, layout.packs);
    const marked = await markGarbage(vault, 'p1', at(24));
    expect(marked.packs).toBe(garbage.length);
    expect(await collectGarbage(vault, at(43.9), grace)).toEqual({
      packs: 0,
      bytes: 0,
      revived: 0,
      waiting: garbage.length,
      before,
      after: before,
    });
    expect(await bytesUnder(vault.store, layout.packs)).toBe(before);

    const collected = await collectGarbage(vault, at(44), grace);
    const after = before - marked.bytes;
    expect(collected).toEqual({ packs: garbage.length, bytes: marked.bytes, revived: 0, waiting: 0, before, after });
    expect(await bytesUnder(vault.store, layout.packs)).toBe(before - collected.bytes);
    expect(collected.bytes).toBeGreaterThan(50_000);

    const segments = (await vault.objects.keys(layout.indexes)).map(idInKey);
    expect(segments).toHaveLength(1);
    const told = await readIndexSegment(vault.store, vault.cipher, segments[0]!);
    expect(told.map(({ id }) => id).sort()).toEqual((await packsIn(vault)).sort());
    await expectKept();
    expect(await vault.fossils.list()).toEqual([]);
  });

  test('marking and collecting again do nothing', async () => {
    await markGarbage(vault, 'p1', at(24));
    expect(await markGarbage(vault, 'p2', at(25))).toMatchObject({ packs: 0, bytes: 0 });
    await collectGarbage(vault, at(44), grace);
    expect(await markGarbage(vault, 'p3', at(45))).toMatchObject({ packs: 0, bytes: 0 });
    expect(await collectGarbage(vault, at(100), grace)).toMatchObject({ packs: 0, bytes: 0, revived: 0, waiting: 0 });
    await expectKept();
  });

  test('a reader that was open all the while still reads, and one that opens later as well', async () => {
    const reader = await vault.reader();
    await markGarbage(vault, 'p1', at(24));
    await collectGarbage(vault, at(44), grace);
    expect((await reader.tree(kept.root)).entries).toHaveLength(1);
    expect((await vault.index()).find(doomed.root)).toBe(-1);
  });

  test('when the last snapshot goes, everything goes', async () => {
    await vault.snapshots.delete(kept);
    await markGarbage(vault, 'p1', at(24));
    await collectGarbage(vault, at(44), grace);
    expect(await packsIn(vault)).toEqual([]);
    expect(await vault.objects.keys(layout.indexes)).toEqual([]);
    const again = await backUp(vault, old, 50);
    expect(await contentOf(vault, again.root)).toEqual(old);
  });

  test('packs that no index tells of, as a writer that died leaves them, go as well', async () => {
    const segments = await vault.objects.keys(layout.indexes);
    const needed = await packsIn(vault);
    const writer = await vault.writer();
    await pour(writer, { lost: noise(40_000, 9) });
    await writer.finish();
    await vault.store.delete((await vault.objects.keys(layout.indexes)).filter((key) => !segments.includes(key)));
    expect((await packsIn(vault)).length).toBeGreaterThan(needed.length);
    await markGarbage(vault, 'p1', at(24));
    await collectGarbage(vault, at(44), grace);
    expect(await packsIn(vault)).toEqual(needed.filter((id) => !garbage.includes(id)));
    await expectKept();
  });
});

test('B13: what is still there after its deletion is an error that names it, and the next collection tries again', async () => {
  await markGarbage(vault, 'p1', at(24));
  const remove = vault.store.delete.bind(vault.store);
  vault.store.delete = (keys) => remove(keys.filter((key) => key !== layout.pack(garbage[0]!)));
  const error = await refusal(collectGarbage(vault, at(44), grace));
  expect(error).toMatchObject({ name: 'DeleteIncomplete', context: { failed: [layout.pack(garbage[0]!)] } });
  expect(await packsIn(vault)).toContain(garbage[0]);
  for (const gone of garbage.slice(1)) expect(await packsIn(vault)).not.toContain(gone);
  vault.store.delete = remove;
  expect((await collectGarbage(vault, at(45), grace)).packs).toBe(1);
  expect(await packsIn(vault)).not.toContain(garbage[0]);
  await expectKept();
});

describe('a record of a mark that cannot be read', () => {
  beforeEach(async () => {
    await markGarbage(vault, 'p1', at(24));
    await vault.store.put(layout.fossil('p1'), Buffer.from('{"id":"p1","mar'));
  });

  test('keeps nobody from reading', async () => {
    await expectKept();
    expect(await contentOf(await openVault(vault.store), doomed.root)).toEqual(old);
  });

  test('B6: names packs that a writer must not rely on, so it relies on none; nothing is collected by it', async () => {
    expect((await collectGarbage(await openVault(vault.store), at(60), grace)).packs).toBe(0);
    const again = await backUp(await openVault(vault.store), old, 61);
    expect((await openVault(vault.store).then((place) => place.writer())).holds([kept.root])).toBe(false);
    await markGarbage(vault, 'p2', at(62));
    await collectGarbage(vault, at(90), grace);
    expect(await contentOf(await openVault(vault.store), again.root)).toEqual(old);
    await expectKept();
  });

  test('is replaced by the next prune, and then all is as it was', async () => {
    expect((await markGarbage(vault, 'p2', at(48))).packs).toBe(garbage.length);
    expect(await vault.objects.keys(layout.fossils)).toEqual([layout.fossil('p2')]);
    expect((await openVault(vault.store).then((place) => place.writer())).holds([kept.root])).toBe(true);
    expect((await collectGarbage(vault, at(70), grace)).packs).toBe(garbage.length);
    await expectKept();
  });
});

describe('what an earlier marking has counted', () => {
  test('is not walked again: marking and collecting read no pack, and each segment of the index twice at most', async () => {
    await markGarbage(vault, 'p1', at(24));
    const read: string[] = [];
    const get = vault.store.get.bind(vault.store);
    vault.store.get = (key, ...more) => {
      read.push(key);
      return get(key, ...more);
    };
    expect((await markGarbage(vault, 'p2', at(44))).packs).toBe(0);
    expect(read.filter((key) => key.startsWith(layout.indexes))).toHaveLength(2);
    expect((await collectGarbage(vault, at(44), grace)).packs).toBe(garbage.length);
    expect(read.filter((key) => key.startsWith(layout.packs))).toEqual([]);
    expect(read.filter((key) => key.startsWith(layout.indexes))).toHaveLength(6);
    await expectKept();
  });

  test('does not keep a snapshot that came since from being looked at', async () => {
    await markGarbage(vault, 'p1', at(24));
    await markGarbage(vault, 'p2', at(44));
    await vault.snapshots.commit(snapshotOf(doomed.root, 44));
    expect(await collectGarbage(vault, at(44), grace)).toMatchObject({ packs: 0, revived: garbage.length });
    expect(await contentOf(await openVault(vault.store), doomed.root)).toEqual(old);
  });

  test.each([
    ['garbled', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 60), Buffer.from([1]), bytes.subarray(61)])],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 40)],
    ['of a version that is not known', () => Buffer.from('tidemark-counts 9\n and what comes then')],
  ])('is taken anew when it is %s', async (_, spoil) => {
    await markGarbage(vault, 'p1', at(24));
    const sound = await vault.store.get(layout.counts);
    await vault.store.put(layout.counts, spoil(sound));
    expect((await collectGarbage(vault, at(44), grace)).packs).toBe(garbage.length);
    await expectKept();
    await markGarbage(vault, 'p2', at(50));
    await vault.snapshots.delete(kept);
    expect((await markGarbage(vault, 'p3', at(50))).packs).toBeGreaterThan(0);
  });
});

describe('B6: a writer that is at work when packs are marked', () => {
  let writer: BlobWriter;
  let second: Vault;
  beforeEach(async () => {
    second = await openVault(vault.store);
    await takeLease(second, 'slow', 20, 30);
    writer = await second.writer();
    await markGarbage(vault, 'p1', at(24));
  });

  test('holds up the deletion for as long as its lease, and a while after it', async () => {
    expect((await collectGarbage(vault, at(49), grace)).waiting).toBe(garbage.length);
    expect((await collectGarbage(vault, at(51), grace)).waiting).toBe(garbage.length);
    expect((await collectGarbage(vault, at(51.1), grace)).packs).toBe(garbage.length);
  });

  test('holds up nothing any more once it has ended', async () => {
    await second.leases.end('slow');
    expect((await collectGarbage(vault, at(44), grace)).packs).toBe(garbage.length);
  });

  test('revives what it has used, and the index still tells of it', async () => {
    const root = await pour(writer, old);
    expect((await writer.finish()).packs).toEqual([]);
    await second.leases.demand('slow', at(40));
    const snapshot = snapshotOf(root, 40);
    await second.snapshots.commit(snapshot);
    await second.leases.end('slow');
    expect(await collectGarbage(vault, at(60), grace)).toMatchObject({
      packs: 0,
      bytes: 0,
      revived: garbage.length,
      waiting: 0,
    });
    const later = await openVault(vault.store);
    expect(await contentOf(later, root)).toEqual(old);
    expect((await later.writer()).holds([root])).toBe(true);
  });

  test('is fenced when it slept past its lease, and commits nothing', async () => {
    await pour(writer, old);
    await writer.finish();
    const error = await refusal(second.leases.demand('slow', at(50)));
    expect(error).toMatchObject({ name: 'WriterFenced', hint: expect.stringContaining('again') });
    await second.leases.demand('slow', new Date(at(50).getTime() - 1));
    expect((await refusal(second.leases.demand('never-taken', at(21)))).name).toBe('WriterFenced');
  });

  test('cannot make its lease longer by taking it again', async () => {
    await takeLease(second, 'slow', 45, 30);
    expect((await refusal(second.leases.demand('slow', at(51)))).name).toBe('WriterFenced');
  });
});

test('B7: a restore that is under way holds up the deletion: it reads where its index says, and that may be a pack that goes', async () => {
  const lease = {
    by: 'r',
    source: 'data',
    snapshot: kept.id,
    started: at(0).toISOString(),
    expires: at(999).toISOString(),
  };
  await vault.leases.take('r', { what: 'restore', ...lease });
  await markGarbage(vault, 'p1', at(24));
  expect(await collectGarbage(vault, at(44), grace)).toMatchObject({ packs: 0, waiting: garbage.length });
  await vault.leases.end('r');
  expect((await collectGarbage(vault, at(45), grace)).packs).toBe(garbage.length);
});

test('B7: a writer that starts after the mark relies on none of it: it stores again, in packs of other names', async () => {
  // a process that has had the vault open since before
  await vault.index();
  const second = await openVault(vault.store);
  await markGarbage(second, 'p1', at(24));
  expect((await vault.writer()).holds([doomed.root])).toBe(false);
  const again = await backUp(vault, old, 30);
  expect(again.root).toBe(doomed.root);
  const fresh = (await packsIn(vault)).filter((id) => !garbage.includes(id));
  expect(fresh.length).toBeGreaterThan(garbage.length);
  expect((await collectGarbage(second, at(44), grace)).packs).toBe(garbage.length);
  expect(await contentOf(await openVault(vault.store), again.root)).toEqual(old);
  await expectKept();
});

test('a mark that was broken off before it knew the writers waits, and the next prune completes it', async () => {
  const packs = garbage.map((id) => ({ id, size: 1 }));
  await vault.fossils.write({ id: 'broken-off', marked: at(10).toISOString(), packs });
  await takeLease(vault, 'slow', 20, 60);
  expect((await collectGarbage(vault, at(44), grace)).waiting).toBe(garbage.length);
  await markGarbage(vault, 'p1', at(48));
  expect(await vault.fossils.list()).toMatchObject([{ id: 'broken-off', writers: ['slow'] }]);
  expect((await collectGarbage(vault, at(79), grace)).waiting).toBe(garbage.length);
  await vault.leases.end('slow');
  expect((await collectGarbage(vault, at(80), grace)).packs).toBe(garbage.length);
  await expectKept();
});

describe('B10: where garbage cannot be told from loss, nothing is deleted', () => {
  test.each(['marking', 'collecting'])('%s refuses when a snapshot lacks a blob', async (step) => {
    if (step === 'collecting') await markGarbage(vault, 'p1', at(24));
    const segment = (await vault.index()).packs.find(({ id }) => !garbage.includes(id))!;
    await vault.store.delete([layout.pack(segment.id)]);
    for (const key of await vault.objects.keys(layout.indexes)) {
      const records = await readIndexSegment(vault.store, vault.cipher, idInKey(key));
      if (records.some(({ id }) => id === segment.id)) await vault.store.delete([key]);
    }
    const before = await vault.objects.keys('');
    const place = await openVault(vault.store);
    const error = await refusal(
      step === 'marking' ? markGarbage(place, 'p1', at(24)) : collectGarbage(place, at(44), grace),
    );
    expect(error).toMatchObject({ name: 'PruneRefused', hint: expect.stringContaining('verify') });
    expect(await vault.objects.keys('')).toEqual(before);
  });

  test('a garbled snapshot stops it', async () => {
    await markGarbage(vault, 'p1', at(24));
    await vault.store.put(layout.snapshot('data', snapshotOf('', 2).id), Buffer.from('{"format":'));
    const before = await vault.objects.keys('');
    expect((await refusal(collectGarbage(await openVault(vault.store), at(44), grace))).name).toBe('VaultDamaged');
    expect(await vault.objects.keys('')).toEqual(before);
  });
});

/**
 * Writers, prunes and a clock in an order drawn at random. The model: a snapshot that is listed restores, always; and when
 * everyone has gone home, nothing is left but what the snapshots need.
 */
test.each([...Array(25).keys()])('whoever does what when: seed %i', async (seed) => {
  const random = seededRandom(seed);
  const place = await newVault();
  const contents = [old, other, { ...old, ...other }, { e: noise(9000, 5) }];
  const roots = new Map<string, Files>();
  const writers: { vault: Vault; lease: string; writer?: BlobWriter; root?: string; files: Files }[] = [];
  let now = 0;
  const open = (): Promise<Vault> => (random.below(2) === 0 ? Promise.resolve(place) : openVault(place.store));
  const step = async (turn: number): Promise<void> => {
    now += random.below(4) * 3;
    const held = writers[random.below(writers.length)];
    switch (random.below(10)) {
      case 0:
      case 1: {
        const lease = `w${turn}`;
        const mine = await open();
        await takeLease(mine, lease, now, 12);
        writers.push({ vault: mine, lease, files: contents[random.below(contents.length)]! });
        break;
      }
      case 2:
      case 3:
      case 4:
      case 5: {
        if (!held) break;
        if (!held.writer) held.writer = await held.vault.writer();
        else if (!held.root) held.root = await pour(held.writer, held.files);
        else {
          writers.splice(writers.indexOf(held), 1);
          await held.writer.finish();
          const fenced = await held.vault.leases.demand(held.lease, at(now)).then(
            () => false,
            () => true,
          );
          if (fenced) break;
          const snapshot = snapshotOf(held.root, now, `s${turn}`);
          await held.vault.snapshots.commit(snapshot);
          roots.set(snapshot.id, held.files);
          await held.vault.leases.end(held.lease);
        }
        break;
      }
      case 6: {
        const snapshots = await place.snapshots.list();
        const gone = snapshots[random.below(snapshots.length)];
        if (gone) await place.snapshots.delete(gone);
        break;
      }
      case 7:
        await markGarbage(await open(), `p${turn}`, at(now));
        break;
      case 8:
        await collectGarbage(await open(), at(now), grace);
        break;
      case 9:
        await repack(await open(), { leastGarbage: 0.1, most: 40_000, late: () => random.below(2) === 0 });
        break;
    }
  };
  const allRestore = async (): Promise<void> => {
    for (const snapshot of await place.snapshots.list()) {
      expect(await contentOf(await openVault(place.store), snapshot.root)).toEqual(roots.get(snapshot.id));
    }
  };
  for (let turn = 0; turn < 80; turn += 1) {
    await step(turn);
    if (turn % 10 === 9) await allRestore();
  }
  for (const { writer } of writers) await writer?.finish();
  await markGarbage(place, 'last', at(now + 100));
  await collectGarbage(place, at(now + 200), grace);
  await allRestore();
  expect(await place.fossils.list()).toEqual([]);
  expect((await markGarbage(place, 'none', at(now + 201))).packs).toBe(0);
});
