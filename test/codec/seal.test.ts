import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { keyedIdentity, sha256, sha256InBackground } from '../../src/codec/identity.ts';
import {
  createSeal,
  type PassphraseWrap,
  sealOverhead,
  subkey,
  unwrapMasterKey,
  wrapMasterKey,
} from '../../src/codec/seal.ts';
import { seededRandom, systemRandom } from '../../src/core/random.ts';
import { refusal } from '../vault/small-vault.ts';

const key = Buffer.alloc(32, 7);
const plain = Buffer.from('what nobody else may read');

describe('sealed bytes', () => {
  test('open again, and are nonce, ciphertext and tag for any other program', () => {
    const sealed = createSeal(key, systemRandom).seal(plain);
    expect(sealed.length).toBe(plain.length + sealOverhead);
    expect(createSeal(key, systemRandom).open(sealed)).toEqual(plain);
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAuthTag(sealed.subarray(-16));
    expect(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])).toEqual(plain);
  });

  test('F11: any bit that is changed, and any byte that is cut or added, is damage', async () => {
    const { seal, open } = createSeal(key, seededRandom(1));
    const sealed = seal(plain);
    const opened = async (bytes: Buffer): Promise<Buffer> => open(bytes);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect((await refusal(opened(changed))).name).toBe('VaultDamaged');
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect((await refusal(opened(sealed.subarray(0, length)))).name).toBe('VaultDamaged');
    }
    expect((await refusal(opened(Buffer.concat([sealed, Buffer.alloc(1)])))).name).toBe('VaultDamaged');
    const other = createSeal(Buffer.alloc(32, 8), seededRandom(2));
    expect((await refusal((async () => other.open(sealed))())).name).toBe('VaultDamaged');
  });

  test('the same bytes twice are not the same sealed bytes', () => {
    const { seal } = createSeal(key, systemRandom);
    expect(seal(plain)).not.toEqual(seal(plain));
  });

  test('keys for different purposes differ, and are part of the format', () => {
    expect(subkey(key, 'frames').toString('hex')).toBe(
      'e1e0db29cbaf1b17182a89e8d5a66c98e7f1b8157bc1f71ae0a35b8b5c6f0f83',
    );
    expect(subkey(key, 'objects')).not.toEqual(subkey(key, 'frames'));
  });
});

describe('a passphrase', () => {
  const passphrase = 'größer als nötig';
  let wrap: PassphraseWrap;
  beforeAll(async () => {
    wrap = await wrapMasterKey(key, passphrase, systemRandom);
  });

  test('opens what it has wrapped, however its letters are composed', async () => {
    expect(await unwrapMasterKey(wrap, passphrase, systemRandom)).toEqual(key);
    expect(passphrase.normalize('NFD')).not.toBe(passphrase);
    expect(await unwrapMasterKey(wrap, passphrase.normalize('NFD'), systemRandom)).toEqual(key);
  });

  test('opens nothing when it is another', async () => {
    expect((await refusal(unwrapMasterKey(wrap, `${passphrase}.`, systemRandom))).name).toBe('VaultKeyWrong');
  });

  test('costs 64 MiB of memory', () => {
    expect(128 * wrap.n * wrap.r).toBe(64 * 1024 * 1024);
  });

  test('is refused when it is short', async () => {
    expect((await refusal(wrapMasterKey(key, 'eleven char', systemRandom))).name).toBe('VaultKeyWrong');
  });

  test.each([{ n: 2 ** 30 }, { r: 2 ** 20 }, { p: 2 ** 20 }, { n: 65_535 }])(
    'a vault that asks for %o is damaged, and gets neither the memory nor the time',
    async (changed) => {
      const error = await refusal(unwrapMasterKey({ ...wrap, ...changed }, passphrase, systemRandom));
      expect(error.name).toBe('VaultDamaged');
    },
  );
});

test('ids: SHA-256 of the content, or its HMAC', async () => {
  expect(sha256(plain)).toBe(createHash('sha256').update(plain).digest('hex'));
  expect(await sha256InBackground(Buffer.from(plain))).toBe(sha256(plain));
  expect(keyedIdentity(key)(plain)).toBe(createHmac('sha256', key).update(plain).digest('hex'));
});
