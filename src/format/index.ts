/**
 * An index segment says which blob lies where, for the packs of one writer. It is a copy of the packs' directories: losing
 * it costs time, never data. Binary, as there is one entry for each blob, little endian:
 *
 *     "tidemark-index 1\n" | u8 codec (0 raw, 1 zstd) | u32 length of the payload | payload, compressed and, in a sealed vault, sealed
 *
 * The payload:
 *
 *     u32 packs, each:  id (32) | u8 kind (0 data, 1 tree) | u32 size | u32 frames, each:
 *         u32 offset | u32 stored | u32 plain | u8 codec (0 raw, 1 zstd) | u32 blobs, each:  id (32) | u32 length
 *
 * Format version 1. A segment is named by the SHA-256 of its stored bytes.
 */
import { fail } from '../core/errors.ts';
import type { BlobKind } from './blob.ts';

export const indexVersion = 1;
export const indexHeader = Buffer.from(`tidemark-index ${indexVersion}\n`);

export interface PackRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly kind: BlobKind;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly frames: readonly IndexFrame[];
}

export interface IndexFrame {
  readonly offset: number;
  readonly stored: number;
  readonly plain: number;
  readonly codec: 'zstd' | 'raw';
  /** `count` times: id (32 bytes), u32 length. Kept packed, as a vault has millions. */
  readonly blobs: Buffer;
}

export const blobRecordLength = 36;
const packRecordLength = 32 + 1 + 4 + 4;
const frameRecordLength = 4 + 4 + 4 + 1 + 4;

/** The payload, before compression and sealing. */
export function encodeIndex(packs: readonly PackRecord[]): Buffer {
  let length = 4;
  for (const pack of packs) {
    length += packRecordLength;
    for (const frame of pack.frames) length += frameRecordLength + frame.blobs.length;
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.writeUInt32LE(packs.length, 0);
  for (const pack of packs) {
    at += bytes.write(pack.id, at, 'hex');
    at = bytes.writeUInt8(pack.kind === 'tree' ? 1 : 0, at);
    at = bytes.writeUInt32LE(pack.size, at);
    at = bytes.writeUInt32LE(pack.frames.length, at);
    for (const frame of pack.frames) {
      at = bytes.writeUInt32LE(frame.offset, at);
      at = bytes.writeUInt32LE(frame.stored, at);
      at = bytes.writeUInt32LE(frame.plain, at);
      at = bytes.writeUInt8(frame.codec === 'zstd' ? 1 : 0, at);
      at = bytes.writeUInt32LE(frame.blobs.length / blobRecordLength, at);
      at += frame.blobs.copy(bytes, at);
    }
  }
  return bytes;
}

/** Errors: `VaultDamaged`. The frames' `blobs` are views of `bytes`. */
export function decodeIndex(bytes: Buffer): PackRecord[] {
  try {
    let at = 4;
    const packs: PackRecord[] = [];
    for (let left = bytes.readUInt32LE(0); left > 0; left -= 1) {
      const id = bytes.toString('hex', at, at + 32);
      const kind: BlobKind = bytes.readUInt8(at + 32) === 1 ? 'tree' : 'data';
      const size = bytes.readUInt32LE(at + 33);
      const frames: IndexFrame[] = [];
      let frameCount = bytes.readUInt32LE(at + 37);
      at += packRecordLength;
      for (; frameCount > 0; frameCount -= 1) {
        const end = at + frameRecordLength + bytes.readUInt32LE(at + 13) * blobRecordLength;
        if (end > bytes.length) throw new RangeError('a frame reaches past the end');
        frames.push({
          offset: bytes.readUInt32LE(at),
          stored: bytes.readUInt32LE(at + 4),
          plain: bytes.readUInt32LE(at + 8),
          codec: bytes.readUInt8(at + 12) === 1 ? 'zstd' : 'raw',
          blobs: bytes.subarray(at + frameRecordLength, end),
        });
        at = end;
      }
      packs.push({ id, kind, size, frames });
    }
    if (at !== bytes.length) throw new RangeError('bytes are left over');
    return packs;
  } catch (cause) {
    return fail('VaultDamaged', 'an index segment is cut short or garbled', { cause });
  }
}

/** The bytes of a segment as stored, from its payload as packed. */
export function encodeIndexObject(codec: 'zstd' | 'raw', payloadLength: number, packed: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(codec === 'zstd' ? 1 : 0, 0);
  prefix.writeUInt32LE(payloadLength, 1);
  return Buffer.concat([indexHeader, prefix, packed]);
}

export interface IndexObject {
  readonly codec: 'zstd' | 'raw';
  readonly payloadLength: number;
  readonly packed: Buffer;
}

/** Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export function decodeIndexObject(stored: Buffer): IndexObject {
  const header = stored.subarray(0, indexHeader.length);
  if (!header.equals(indexHeader)) {
    const version = /^tidemark-index (\d+)/.exec(header.toString('latin1'))?.[1];
    if (version !== undefined && header.length === indexHeader.length)
      fail('VaultFormatUnknown', `an index segment has format version ${version}`);
    fail('VaultDamaged', 'an object does not begin as an index segment does');
  }
  if (stored.length < indexHeader.length + 5) fail('VaultDamaged', 'an index segment is cut short');
  return {
    codec: stored.readUInt8(indexHeader.length) === 1 ? 'zstd' : 'raw',
    payloadLength: stored.readUInt32LE(indexHeader.length + 1),
    packed: stored.subarray(indexHeader.length + 5),
  };
}
