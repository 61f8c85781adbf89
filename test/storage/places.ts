/** Stores for the tests of this folder, in places that go away afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type DirectoryStoreOptions, directoryStore } from '../../src/storage/directory.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import type { StoreUnderTest } from './contract.ts';

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-store-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Without `sync` unless asked: the laws but the second one are the same, and tests are faster. */
export async function directoryUnderTest(
  options: DirectoryStoreOptions = { sync: false },
  wrap: (store: ObjectStore) => ObjectStore = (store) => store,
): Promise<StoreUnderTest> {
  const folder = await temporaryFolder();
  const root = path.join(folder.path, 'vault');
  return {
    store: wrap(directoryStore(root, { ...options, create: true })),
    reopen: () => wrap(directoryStore(root, { ...options, create: true })),
    close: folder.remove,
  };
}
