/** Packs examined by workers: the same is said of them as in one thread. */
import { afterAll, expect, test } from 'vitest';
import { seededRandom, systemRandom } from '../../../src/core/random.ts';
import { layout } from '../../../src/format/layout.ts';
import { Crew } from '../../../src/operations/crew/crew.ts';
import { examinersOf } from '../../../src/operations/crew/examine.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { checkPack } from '../../../src/vault/check.ts';
import { Vault } from '../../../src/vault/vault.ts';

const crew = new Crew(2, new URL('../../../src/operations/crew/start.js', import.meta.url));
afterAll(() => crew.end());

async function filled(sealing: 'none' | 'passphrase'): Promise<{ vault: Vault; packs: string[] }> {
  const store = memoryStore();
  const secrets = { random: systemRandom, passphrase: 'three keep a secret' };
  await Vault.create(store, sealing, new Date(0), secrets);
  const vault = await Vault.open(store, secrets);
  for (let pack = 0; pack < 6; pack += 1) {
    const writer = await vault.writer();
    const random = seededRandom(pack + 1);
    for (let blob = 0; blob < 20; blob += 1) writer.put(random.bytes(1000 + random.below(50_000)), 'data');
    await writer.finish();
  }
  return { vault, packs: (await vault.index()).packs.map(({ id }) => id) };
}

test.each(['none', 'passphrase'] as const)('sound and damaged packs, sealing %s', async (sealing) => {
  const { vault, packs } = await filled(sealing);
  const flip = async (pack: string, where: (length: number) => number): Promise<void> => {
    const bytes = Buffer.from(await vault.store.get(layout.pack(pack)));
    const at = where(bytes.length);
    bytes[at] = bytes[at]! ^ 4;
    await vault.store.put(layout.pack(pack), bytes);
  };
  await flip(packs[1]!, (length) => length >> 1);
  await flip(packs[4]!, (length) => length - 30);
  await vault.store.delete([layout.pack(packs[5]!)]);
  const examiners = examinersOf(crew, vault);
  const said = await Promise.all(packs.map((pack) => checkPack(vault, pack, examiners.examine)));
  examiners.close();
  const alone = await Promise.all(packs.map((pack) => checkPack(vault, pack)));
  expect(said).toEqual(alone);
  const ways = said.map(({ finding }) => finding?.what);
  expect(ways).toEqual([undefined, 'pack-checksum', undefined, undefined, 'pack-checksum', 'pack-missing']);
});

test('bytes of a pack under another name are noticed inside a worker', async () => {
  const { vault, packs } = await filled('none');
  const examiners = examinersOf(crew, vault);
  const stored = await vault.store.get(layout.pack(packs[0]!));
  expect(await examiners.examine(packs[1]!, stored)).toMatchObject({ what: 'pack-checksum' });
  examiners.close();
});

test('a format that is not known ends the check by its name', async () => {
  const { vault, packs } = await filled('none');
  const bytes = Buffer.from(await vault.store.get(layout.pack(packs[0]!)));
  bytes.write('tidemark-pack 9\n', 'latin1');
  const { sha256 } = await import('../../../src/codec/identity.ts');
  const examiners = examinersOf(crew, vault);
  await expect(examiners.examine(sha256(bytes), bytes)).rejects.toMatchObject({ name: 'VaultFormatUnknown' });
  examiners.close();
});
