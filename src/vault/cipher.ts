/** How bytes become stored bytes in one vault: ids, cuts, compression, and sealing where the vault is sealed. */
import { Chunker, gearTable, publicSeed } from '../codec/chunk.ts';
import { compress, expand, type FrameCodec } from '../codec/compress.ts';
import { type Identify, keyedIdentity, sha256 } from '../codec/identity.ts';
import { createSeal, type Seal, subkey } from '../codec/seal.ts';
import { fail } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { VaultConfig } from '../format/vault.ts';

const sealedObject = Buffer.from('tidemark-sealed 1\n');

export interface VaultCipher {
  readonly identify: Identify;
  chunker(): Chunker;
  packFrame(plain: Uint8Array): Promise<{ codec: FrameCodec; bytes: Uint8Array }>;
  openFrame(codec: FrameCodec, stored: Uint8Array, plainLength: number): Promise<Buffer>;
  /** Small objects other than packs: JSON as it is, or sealed. */
  packObject(plain: Uint8Array): Uint8Array;
  openObject(stored: Buffer): Buffer;
}

/** `master` is the vault's unwrapped master key; `undefined` for a vault that is not sealed. */
export function createCipher(config: VaultConfig, master: Uint8Array | undefined, random: Random): VaultCipher {
  const seal: Seal | undefined = master && createSeal(subkey(master, 'frames'), random);
  const objectSeal: Seal | undefined = master && createSeal(subkey(master, 'objects'), random);
  const gear = gearTable(master ? subkey(master, 'chunk lengths') : publicSeed);
  return {
    identify: master ? keyedIdentity(subkey(master, 'blob ids')) : sha256,
    chunker: () => new Chunker(gear, config.chunk),
    async packFrame(plain) {
      const packed = await compress(plain);
      return seal ? { codec: packed.codec, bytes: seal.seal(packed.bytes) } : packed;
    },
    openFrame: (codec, stored, plainLength) => expand(codec, seal ? seal.open(stored) : stored, plainLength),
    packObject: (plain) => (objectSeal ? Buffer.concat([sealedObject, objectSeal.seal(plain)]) : plain),
    openObject(stored) {
      if (!objectSeal) return stored;
      if (!stored.subarray(0, sealedObject.length).equals(sealedObject)) {
        fail('VaultDamaged', 'an object in a sealed vault is not sealed, so nothing vouches for it');
      }
      return objectSeal.open(stored.subarray(sealedObject.length));
    },
  };
}
