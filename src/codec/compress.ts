/**
 * Compression of whole frames on the thread pool: zstd, or nothing where it does not pay. One output buffer of the largest
 * possible size is used, as many small ones would cost a round trip through the pool each.
 */

import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { fail } from '../core/errors.ts';

export type FrameCodec = 'zstd' | 'raw';

const compressing = promisify(zstdCompress);
const decompressing = promisify(zstdDecompress);

/** Less gain than this is not worth the time to expand it again. */
const worthwhile = 0.97;

export async function compress(bytes: Uint8Array, level = 3): Promise<{ codec: FrameCodec; bytes: Uint8Array }> {
  const packed = await compressing(bytes, {
    chunkSize: Math.max(1024, bytes.length + (bytes.length >> 7) + 512),
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 0 },
  });
  return packed.length < bytes.length * worthwhile ? { codec: 'zstd', bytes: packed } : { codec: 'raw', bytes };
}

/** `plainLength` must be right: it bounds the memory that damaged or hostile bytes can ask for. Errors: `VaultDamaged`. */
export async function expand(codec: FrameCodec, bytes: Uint8Array, plainLength: number): Promise<Buffer> {
  let plain: Buffer;
  if (codec === 'raw') {
    plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } else {
    try {
      plain = await decompressing(bytes, {
        chunkSize: Math.max(1024, plainLength),
        maxOutputLength: Math.max(1, plainLength),
      });
    } catch (cause) {
      return fail('VaultDamaged', 'a compressed frame cannot be expanded', { cause });
    }
  }
  if (plain.length !== plainLength)
    fail('VaultDamaged', `a frame expands to ${plain.length} bytes instead of ${plainLength}`);
  return plain;
}
