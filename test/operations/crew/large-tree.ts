/** A tree that is worth more than one thread, and a vault for it in memory. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { seededRandom, systemRandom } from '../../../src/core/random.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { Vault } from '../../../src/vault/vault.ts';

const passphrase = 'three keep a secret';

export async function newVault(sealing: 'none' | 'passphrase' = 'none'): Promise<Vault> {
  const store = memoryStore();
  const secrets = { random: systemRandom, passphrase };
  await Vault.create(store, sealing, new Date(0), secrets);
  return Vault.open(store, secrets);
}

/** Files of all sizes, many of them the same, some with several names, some directories deep and one flat. */
export function newTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-crew-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const random = seededRandom(7);
  const put = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (let at = 0; at < 300; at += 1) {
    put(`flat/${String(at).padStart(3, '0')}.txt`, `file ${at % 100}`);
    put(`deep/${at % 7}/${at % 5}/${at % 3}/${at}.bin`, random.bytes(random.below(3_000)));
  }
  const common = random.bytes(700_000);
  for (const name of ['a/one', 'm/two', 'z/three']) put(`${name}.img`, common);
  put('large.img', Buffer.concat([common, random.bytes(2_500_000), common]));
  linkSync(join(folder, 'a/one.img'), join(folder, 'z/other-name.img'));
  return folder;
}
