/**
 * Sealing: AES-256-GCM around whole frames and small objects. A master key is drawn once for each vault and kept in it,
 * wrapped with a key that comes from the passphrase through scrypt (memory-hard, RFC 7914); changing the passphrase
 * rewraps one small object and nothing else. Every use has its own key, derived with HKDF (RFC 5869).
 *
 * Sealed bytes: nonce (12) | ciphertext | tag (16). Nonces are random; 2^32 frames a key keep the risk of a repeat below
 * 2^-32 (NIST SP 800-38D, 8.3), which at 4 MiB a frame is 16 PiB.
 */
import { createCipheriv, createDecipheriv, hkdfSync, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { fail } from '../core/errors.ts';
import type { Random } from '../core/random.ts';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

export interface PassphraseWrap {
  readonly kdf: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  /** Base64. */
  readonly salt: string;
  /** The master key, sealed with the derived key; base64. */
  readonly wrapped: string;
}

/** 64 MiB and about a quarter of a second: affordable once an invocation, dear to a guesser. */
const cost = { n: 1 << 16, r: 8, p: 1 };
/** Sixteen times that: a later version may raise the cost. */
const mostCost = 16 * cost.n * cost.r * cost.p;
const tagLength = 16;
const nonceLength = 12;
export const sealOverhead = nonceLength + tagLength;

export interface Seal {
  seal(plain: Uint8Array): Buffer;
  /** Errors: `VaultDamaged` when the bytes were not sealed with this key or have changed since. */
  open(sealed: Uint8Array): Buffer;
}

export function createSeal(key: Uint8Array, random: Random): Seal {
  return {
    seal(plain) {
      const nonce = random.bytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      if (sealed.length < sealOverhead) fail('VaultDamaged', 'sealed bytes are too short to be whole');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
      try {
        const plain = decipher.update(sealed.subarray(nonceLength, sealed.length - tagLength));
        return Buffer.concat([plain, decipher.final()]);
      } catch (cause) {
        return fail('VaultDamaged', 'sealed bytes do not open: they were changed, or sealed with another key', {
          cause,
        });
      }
    },
  };
}

/** A key for one purpose; `purpose` is part of the format. */
export function subkey(master: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `tidemark ${purpose} 1`, 32));
}

const passphraseKey = (passphrase: string, salt: Buffer, { n, r, p }: typeof cost): Promise<Buffer> =>
  derive(passphrase.normalize('NFKC'), salt, 32, { N: n, r, p, maxmem: 256 * n * r });

export async function wrapMasterKey(master: Uint8Array, passphrase: string, random: Random): Promise<PassphraseWrap> {
  if (passphrase.length < 12) {
    fail('VaultKeyWrong', 'the passphrase is shorter than 12 characters', {
      hint: 'Choose a longer one; it is all that protects the vault.',
    });
  }
  const salt = random.bytes(32);
  const key = await passphraseKey(passphrase, salt, cost);
  const wrapped = createSeal(key, random).seal(master);
  return { kdf: 'scrypt', ...cost, salt: salt.toString('base64'), wrapped: wrapped.toString('base64') };
}

/** Errors: `VaultKeyWrong`; `VaultDamaged` when the parameters make no sense. */
export async function unwrapMasterKey(wrap: PassphraseWrap, passphrase: string, random: Random): Promise<Buffer> {
  // asked for by the vault itself: what nobody would have written must not take all memory
  if (wrap.n * wrap.r * wrap.p > mostCost || (wrap.n & (wrap.n - 1)) !== 0) {
    fail('VaultDamaged', 'the vault asks for a key derivation that no Tidemark has ever asked for', {
      hint: 'Copy vault.json from a replica; it is the same there.',
      context: { n: wrap.n, r: wrap.r, p: wrap.p },
    });
  }
  const key = await passphraseKey(passphrase, Buffer.from(wrap.salt, 'base64'), wrap);
  try {
    return createSeal(key, random).open(Buffer.from(wrap.wrapped, 'base64'));
  } catch (cause) {
    return fail('VaultKeyWrong', 'the passphrase does not open this vault', {
      hint: 'Set TIDEMARK_PASSPHRASE to the passphrase that the vault was created with.',
      cause,
    });
  }
}
