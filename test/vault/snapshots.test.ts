/** The list of snapshots while a prune is at work. */
import { expect, test } from 'vitest';
import { layout } from '../../src/format/layout.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { backUp, newVault, openVault } from './small-vault.ts';

/** `gone` runs once, as soon as `key` has been listed or looked at. */
function interrupted(store: ObjectStore, key: string, gone: () => Promise<void>): ObjectStore {
  let done = false;
  const once = async (): Promise<void> => {
    if (done) return;
    done = true;
    await gone();
  };
  return {
    name: store.name,
    capabilities: store.capabilities,
    put: (...given) => store.put(...given),
    get: (...given) => store.get(...given),
    delete: (...given) => store.delete(...given),
    async head(asked) {
      const info = await store.head(asked);
      if (asked === key) await once();
      return info;
    },
    async *list(prefix) {
      for await (const info of store.list(prefix)) {
        yield info;
        if (info.key === key) await once();
      }
    },
  };
}

test('a snapshot that a prune deletes between the look and the reading is not there, and nothing fails', async () => {
  const vault = await newVault();
  const [first, second] = [
    await backUp(vault, { one: Buffer.from('1') }, 1),
    await backUp(vault, { one: Buffer.from('2') }, 2),
  ];
  const key = layout.snapshot(first.source, first.id);
  const stored = await vault.store.get(key);
  const pruned = await openVault(interrupted(vault.store, key, () => vault.store.delete([key])));
  expect((await pruned.snapshots.list()).map(({ id }) => id)).toEqual([second.id]);
  await vault.store.put(key, stored);
  const looked = await openVault(interrupted(vault.store, key, () => vault.store.delete([key])));
  expect(await looked.snapshots.find(first.id)).toBeUndefined();
});

test('B10: a snapshot that is listed, cannot be read and is said to be there makes the list fail', async () => {
  const vault = await newVault();
  const { source, id } = await backUp(vault, { one: Buffer.from('1') }, 1);
  const { store } = vault;
  const key = layout.snapshot(source, id);
  const odd: ObjectStore = {
    name: store.name,
    capabilities: store.capabilities,
    put: (...given) => store.put(...given),
    head: (...given) => store.head(...given),
    list: (...given) => store.list(...given),
    delete: (...given) => store.delete(...given),
    get: (asked, range) => store.get(asked === key ? layout.snapshot(source, 'another') : asked, range),
  };
  await expect((await openVault(odd)).snapshots.list()).rejects.toMatchObject({ name: 'ObjectMissing' });
});
