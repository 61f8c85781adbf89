/** How a blob gets its name: by its content alone, so that equal blobs are stored once and damage shows. */
import { createHmac, hash } from 'node:crypto';

/** 64 lower-case hexadecimal digits. */
export type Identify = (bytes: Uint8Array) => string;

export const sha256: Identify = (bytes) => hash('sha256', bytes, 'hex');

/** Bytes of a block of SHA-256 and of its result. */
const [block, digest] = [64, 32];
/** Longer contents are hashed in place: copying them would cost more than it saves. */
const atOnce = 256 * 1024;

/**
 * HMAC-SHA-256: with a key, ids tell nothing about the content to those who do not have it. Written out as RFC 2104 defines it
 * for keys of at most a block, over one-shot hashes: OpenSSL takes 20 microseconds to set up each HMAC, three times what
 * hashing a small file takes.
 */
export function keyedIdentity(key: Uint8Array): Identify {
  if (key.length > block) throw new RangeError(`a key of ${key.length} bytes is longer than a block`);
  const inner = Buffer.alloc(block + atOnce);
  const outer = Buffer.alloc(block + digest);
  inner.fill(0x36, 0, block);
  outer.fill(0x5c, 0, block);
  for (const [at, byte] of key.entries()) {
    inner[at] = 0x36 ^ byte;
    outer[at] = 0x5c ^ byte;
  }
  return (bytes) => {
    if (bytes.length > atOnce) return createHmac('sha256', key).update(bytes).digest('hex');
    inner.set(bytes, block);
    outer.write(hash('sha256', inner.subarray(0, block + bytes.length), 'hex'), block, 'hex');
    return hash('sha256', outer, 'hex');
  };
}

/** SHA-256 of a large buffer on the thread pool, so that the main thread can go on. */
export async function sha256InBackground(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
