/**
 * A pack is one immutable object of many blobs, named by its own SHA-256, so that any tool can tell that it is whole:
 *
 *     "tidemark-pack 1\n" | frames | directory | trailer
 *     trailer: u32 stored length of the directory | u32 its plain length | u32 codec (0 raw, 1 zstd)
 *              | u32 CRC-32 of the stored directory | "tmpkend1"                              (little endian, 24 bytes)
 *
 * A frame is the bytes of its blobs one after the other, compressed and, in a sealed vault, sealed. The directory is
 * JSON, compressed and sealed in the same way; it alone is enough to rebuild the index. Format version 1.
 */
import { crc32 } from 'node:zlib';
import { fail } from '../core/errors.ts';
import { type BlobId, type BlobKind, isBlobId } from './blob.ts';

export const packVersion = 1;
export const packHeader = Buffer.from(`tidemark-pack ${packVersion}\n`);
export const trailerLength = 24;
const trailerMagic = 'tmpkend1';

export interface FrameRecord {
  /** Bytes from the start of the pack. */
  readonly offset: number;
  /** Bytes in the pack. */
  readonly stored: number;
  /** Bytes when opened and expanded. */
  readonly plain: number;
  readonly codec: 'zstd' | 'raw';
  /** In the order in which they lie in the frame: id and length. */
  readonly blobs: readonly (readonly [BlobId, number])[];
}

export interface PackDirectory {
  readonly kind: BlobKind;
  /** Drawn for each pack, so that no two packs ever share a name: one that is being collected can then not be written anew. */
  readonly nonce: string;
  readonly frames: readonly FrameRecord[];
}

export function encodeDirectory(directory: PackDirectory): Buffer {
  return Buffer.from(JSON.stringify({ pack: packVersion, ...directory }));
}

/** Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export function decodeDirectory(bytes: Uint8Array): PackDirectory {
  let value: { pack?: unknown; kind?: unknown; nonce?: unknown; frames?: unknown } | null;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    return fail('VaultDamaged', 'the directory of a pack is not JSON', { cause });
  }
  if (value?.pack !== packVersion)
    fail('VaultFormatUnknown', `a pack's directory has format version ${JSON.stringify(value?.pack)}`);
  if ((value.kind !== 'data' && value.kind !== 'tree') || !Array.isArray(value.frames)) {
    fail('VaultDamaged', 'the directory of a pack has no kind or no frames');
  }
  if (!value.frames.every(isFrameRecord)) fail('VaultDamaged', 'the directory of a pack has a frame that is none');
  return { kind: value.kind, nonce: String(value.nonce), frames: value.frames as FrameRecord[] };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isFrameRecord(value: unknown): value is FrameRecord {
  const frame = value as Partial<FrameRecord> | null;
  return (
    [frame?.offset, frame?.stored, frame?.plain].every(isCount) &&
    (frame?.codec === 'zstd' || frame?.codec === 'raw') &&
    Array.isArray(frame.blobs) &&
    frame.blobs.every((blob) => Array.isArray(blob) && isBlobId(blob[0]) && isCount(blob[1]))
  );
}

export function encodeTrailer(stored: Uint8Array, codec: FrameRecord['codec'], plainLength: number): Buffer {
  const trailer = Buffer.alloc(trailerLength);
  trailer.writeUInt32LE(stored.length, 0);
  trailer.writeUInt32LE(plainLength, 4);
  trailer.writeUInt32LE(codec === 'zstd' ? 1 : 0, 8);
  trailer.writeUInt32LE(crc32(stored), 12);
  trailer.write(trailerMagic, 16, 'latin1');
  return trailer;
}

export interface LocatedDirectory {
  readonly codec: FrameRecord['codec'];
  readonly plain: number;
  readonly bytes: Uint8Array;
}

/** Where the stored directory lies in a whole pack. Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export function locateDirectory(pack: Uint8Array): LocatedDirectory {
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  if (bytes.length < packHeader.length + trailerLength)
    fail('VaultDamaged', `a pack of ${bytes.length} bytes is too short to be whole`);
  const header = bytes.subarray(0, packHeader.length);
  if (!header.equals(packHeader)) {
    const version = /^tidemark-pack (\d+)/.exec(header.toString('latin1'))?.[1];
    if (version !== undefined) fail('VaultFormatUnknown', `a pack has format version ${version}`);
    fail('VaultDamaged', 'an object does not begin as a pack does');
  }
  const trailer = bytes.subarray(bytes.length - trailerLength);
  if (trailer.toString('latin1', 16) !== trailerMagic) fail('VaultDamaged', 'a pack does not end as a pack does');
  const length = trailer.readUInt32LE(0);
  const start = bytes.length - trailerLength - length;
  if (start < packHeader.length) fail('VaultDamaged', 'the directory of a pack is longer than the pack');
  const directory = bytes.subarray(start, start + length);
  if (crc32(directory) !== trailer.readUInt32LE(12))
    fail('VaultDamaged', 'the directory of a pack does not have its checksum');
  return { codec: trailer.readUInt32LE(8) === 1 ? 'zstd' : 'raw', plain: trailer.readUInt32LE(4), bytes: directory };
}
