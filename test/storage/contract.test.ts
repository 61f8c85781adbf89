/** The contract suite on the stores of this machine and on every wrapper; S3 has its own file. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.ts';
import { seededRandom } from '../../src/core/random.ts';
import { type Fault, faulty } from '../../src/storage/faulty.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { metered } from '../../src/storage/metered.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { prefixed } from '../../src/storage/prefixed.ts';
import { retrying } from '../../src/storage/retrying.ts';
import { describeObjectStore, laws, type StoreUnderTest } from './contract.ts';
import { directoryUnderTest } from './places.ts';

test('the suite has a test for every law of the port, and no other laws', async () => {
  const port = await readFile(new URL('../../src/storage/port.ts', import.meta.url), 'utf8');
  const stated = [...port.matchAll(/^ \* \d+\. \*(.+?)\.\*/gm)].map((match) => match[1]);
  expect(stated).toEqual(laws);
  const suite = await readFile(new URL('./contract.ts', import.meta.url), 'utf8');
  for (const law of laws) expect(suite).toContain(`test('${law}'`);
});

const inMemory = async (wrap: (store: ObjectStore) => ObjectStore = (store) => store): Promise<StoreUnderTest> => {
  const store = wrap(memoryStore());
  return { store, reopen: () => store };
};

const patient = (store: ObjectStore): ObjectStore =>
  retrying(store, { clock: new VirtualClock('2026-01-01T00:00:00Z'), random: seededRandom(1), budget: 600_000 });

/** Faults in every operation, before and after the effect, again and again: the retrying wrapper has to hide them all. */
const unreliable = (store: ObjectStore): ObjectStore => {
  const faults: Fault[] = [];
  for (const operation of ['put', 'get', 'head', 'list', 'delete'] as const) {
    for (let call = 3; call < 3000; call += 7) faults.push({ operation, call, kind: 'fail-before' });
    for (let call = 5; call < 3000; call += 7)
      faults.push({ operation, call, kind: 'fail-after', error: 'StoreThrottled' });
  }
  return patient(faulty(store, faults));
};

describeObjectStore('memory', () => inMemory());
describeObjectStore('metered memory', () => inMemory(metered));
describeObjectStore('faulty memory without faults', () => inMemory((store) => faulty(store, [])));
describeObjectStore('retrying memory', () => inMemory(patient));
describeObjectStore('retrying over an unreliable memory', () => inMemory(unreliable));
describeObjectStore('prefixed memory', () => inMemory((store) => prefixed(store, 'vaults/main/')));

describeObjectStore('directory, synced', () => directoryUnderTest({ sync: true }));
describeObjectStore('directory without hard links', () => directoryUnderTest({ hardLinks: false, sync: false }));
describeObjectStore('every wrapper over a directory', () =>
  directoryUnderTest({ sync: false }, (store) => metered(prefixed(patient(faulty(store, [])), 'vaults/main'))),
);
describeObjectStore('retrying over an unreliable directory', () => directoryUnderTest({ sync: false }, unreliable), {
  many: 400,
});
