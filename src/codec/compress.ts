/**
 * Compression of whole frames on the thread pool: zstd, or nothing where it does not pay. What is compressed already (media,
 * archives) is noticed by a few samples, and not compressed again.
 */

import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib';
import { fail } from '../core/errors.ts';

export type FrameCodec = 'zstd' | 'raw';

const compressing = promisify(zstdCompress);
const decompressing = promisify(zstdDecompress);

/** Less gain than this is not worth the time to expand it again. */
const worthwhile = 0.97;

/** Samples of a frame: so many, each so long, spread evenly. Shorter frames are not sampled. */
const samples = { count: 8, length: 8 * 1024, least: 512 * 1024 };

export async function compress(bytes: Uint8Array, level = 3): Promise<{ codec: FrameCodec; bytes: Uint8Array }> {
  if (bytes.length >= samples.least && !isCompressible(bytes)) return { codec: 'raw', bytes };
  const packed = await compressing(bytes, {
    // A quarter of the frame is room enough for most; each further piece costs a trip through the pool.
    chunkSize: Math.max(1024, (bytes.length >> 2) + 1024),
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 0 },
  });
  return packed.length < bytes.length * worthwhile ? { codec: 'zstd', bytes: packed } : { codec: 'raw', bytes };
}

/** One sample that shrinks is enough to give the whole frame a try. */
function isCompressible(bytes: Uint8Array): boolean {
  const step = Math.floor((bytes.length - samples.length) / (samples.count - 1));
  for (let at = 0; at < samples.count; at += 1) {
    const sample = bytes.subarray(at * step, at * step + samples.length);
    if (zstdCompressSync(sample, sampling).length < sample.length * worthwhile) return true;
  }
  return false;
}

const sampling = {
  chunkSize: samples.length + 1024,
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
};

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
