/** The process dies at each call to the store in turn: what was committed is whole, and the next run needs no help. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../src/format/layout.ts';
import { type Fault, faulty } from '../../src/storage/faulty.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { checkIndex } from '../../src/vault/check.ts';
import { collectGarbage, markGarbage } from '../../src/vault/collect.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { at, backUp, contentOf, copyStore, hour, newVault, noise, openVault } from './small-vault.ts';

const grace = 20 * hour;
const early = { kept: noise(20_000, 1), changed: noise(20_000, 2) };
const late = { kept: noise(20_000, 1), changed: noise(20_000, 3), 'new/file': noise(40_000, 4) };

/** Runs `work` on copies of `store`, each of which stops one call later than the one before, until none stops it. */
async function sweep(
  store: ObjectStore,
  kind: 'stop-before' | 'stop-after',
  work: (vault: Vault) => Promise<unknown>,
  then: (left: ObjectStore, finished: boolean) => Promise<void>,
): Promise<number> {
  for (let call = 1; ; call += 1) {
    const left = await copyStore(store);
    const fault: Fault = { kind, operation: 'any', call };
    const dying = faulty(left, [fault]);
    const end = await openVault(dying)
      .then(work)
      .then(
        () => 'finished',
        (error: Error) => error.name,
      );
    const fired = dying.pending.length === 0;
    if (end !== 'finished') expect(end).toBe('StoreUnreachable');
    if (!fired) expect(end).toBe('finished');
    await then(left, end === 'finished');
    if (!fired) return call;
  }
}

describe.each(['stop-before', 'stop-after'] as const)('%s', (kind) => {
  test('a backup: its snapshot is there whole or not at all, and the same backup again makes it whole', async () => {
    const vault = await newVault();
    const first = await backUp(vault, early, 1);
    let committed = 0;
    const calls = await sweep(
      vault.store,
      kind,
      (dying) => backUp(dying, late, 2),
      async (left, finished) => {
        const after = await openVault(left);
        const snapshots = await after.snapshots.list();
        if (finished) expect(snapshots).toHaveLength(2);
        if (snapshots.length === 2) {
          committed += 1;
          expect(await contentOf(after, snapshots[0]!.root)).toEqual(late);
        }
        expect(await contentOf(after, first.root)).toEqual(early);

        const again = await backUp(await openVault(left), late, 2);
        const whole = await openVault(left);
        expect((await whole.snapshots.list()).map(({ id }) => id)).toEqual([again.id, first.id]);
        expect(await contentOf(whole, again.root)).toEqual(late);
        expect((await checkIndex(whole)).findings).toEqual([]);
      },
    );
    expect(calls).toBeGreaterThan(10);
    // the commit is the last but one call: the end of the lease comes after it
    expect(committed).toBe(kind === 'stop-after' ? 3 : 2);
  });

  test('B7: marking and collecting: what is needed stays, and what is not goes in the end', async () => {
    const vault = await newVault();
    const doomed = await backUp(vault, early, 1);
    const kept = await backUp(vault, late, 2);
    await vault.snapshots.delete(doomed);
    const sound = async (left: ObjectStore): Promise<void> => {
      const after = await openVault(left);
      expect(await contentOf(after, kept.root)).toEqual(late);
      expect((await checkIndex(after)).findings).toEqual([]);
    };
    const collected = async (left: ObjectStore): Promise<void> => {
      const after = await openVault(left);
      await collectGarbage(after, at(200), grace);
      await sound(left);
      expect(await after.fossils.list()).toEqual([]);
      await markGarbage(after, 'last', at(300));
      expect(await after.fossils.list()).toEqual([]);
      expect((await after.objects.keys(layout.packs)).length).toBe((await after.index()).packs.length);
    };
    await sweep(
      vault.store,
      kind,
      (dying) => markGarbage(dying, 'prune', at(100)),
      async (left) => {
        await sound(left);
        // the state is tried again under the same name, as the workflow does it
        await markGarbage(await openVault(left), 'prune', at(100));
        await sound(left);
        await collected(left);
      },
    );
    await markGarbage(vault, 'prune', at(100));
    await sweep(
      vault.store,
      kind,
      (dying) => collectGarbage(dying, at(150), grace),
      async (left) => {
        await sound(left);
        await collected(left);
      },
    );
  });
});
