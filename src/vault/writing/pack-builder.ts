/**
 * Gathers frames into packs. A full pack is put while the next is built, so memory is bounded: one pack that grows and a
 * few that are being put.
 */
import { sha256 } from '../../codec/identity.ts';
import type { BlobKind } from '../../format/blob.ts';
import { blobRecordLength, type PackRecord } from '../../format/index.ts';
import { encodeDirectory, encodeTrailer, type FrameRecord, packHeader, trailerLength } from '../../format/pack.ts';
import type { VaultCipher } from '../cipher.ts';
import type { PackedFrame } from './frame-builder.ts';

export interface PackSink {
  /** Hexadecimal; another one at each call. */
  nonce(): string;
  /** Makes the pack durable. */
  store(id: string, bytes: Uint8Array): Promise<void>;
}

export interface PackSizes {
  readonly frame: number;
  readonly pack: number;
}

interface OpenPack {
  bytes: Buffer;
  length: number;
  readonly frames: PackRecord['frames'][number][];
}

const packsInFlight = 1;

export class PackBuilder {
  /** Records of the packs that are stored, in order. */
  readonly finished: PackRecord[] = [];
  readonly #kind: BlobKind;
  readonly #cipher: VaultCipher;
  readonly #sizes: PackSizes;
  readonly #sink: PackSink;
  #pack: OpenPack | undefined;
  #stored = 0;
  readonly #storing = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(kind: BlobKind, cipher: VaultCipher, sizes: PackSizes, sink: PackSink) {
    this.#kind = kind;
    this.#cipher = cipher;
    this.#sizes = sizes;
    this.#sink = sink;
  }

  /** Bytes of finished and growing packs. */
  get stored(): number {
    return this.#stored;
  }

  /** Copies a frame in. The promise, where there is one, is to be waited for before the next. */
  add(frame: PackedFrame): Promise<void> | undefined {
    const { plain, codec, blobs } = frame;
    const stored = frame.bytes.length;
    this.#pack ??= this.#open(stored);
    const pack = this.#pack;
    if (pack.length + stored > pack.bytes.length) pack.bytes = this.#grown(pack.bytes, pack.length + stored);
    pack.bytes.set(frame.bytes, pack.length);
    pack.frames.push({ offset: pack.length, stored, plain, codec, blobs });
    pack.length += stored;
    this.#stored += stored;
    if (pack.length >= this.#sizes.pack) this.#close();
    return this.busy ? this.drain() : undefined;
  }

  get busy(): boolean {
    return this.#failure !== undefined || this.#storing.size > packsInFlight;
  }

  /** Resolves when there is room again; rejects when something could not be stored. */
  async drain(): Promise<void> {
    while (this.#failure === undefined && this.#storing.size > packsInFlight) await Promise.race(this.#storing);
    if (this.#failure) throw this.#failure.error;
  }

  /** Closes what is open and resolves when everything added so far is durable. */
  async finish(): Promise<void> {
    if (this.#failure === undefined && this.#pack) this.#close();
    await Promise.all(this.#storing);
    if (this.#failure) throw this.#failure.error;
  }

  /** The buffer is larger than most first frames need, and less than a pack: many packs are small. */
  #open(first: number): OpenPack {
    const bytes = Buffer.allocUnsafeSlow(packHeader.length + Math.max(first, 64 * 1024));
    packHeader.copy(bytes);
    return { bytes, length: packHeader.length, frames: [] };
  }

  /** Four times the size, but no more than a whole pack takes: a pack is copied a few times while it is small. */
  #grown(bytes: Buffer, least: number): Buffer {
    const whole = this.#sizes.pack + this.#sizes.frame + (this.#sizes.frame >> 1);
    const larger = Buffer.allocUnsafeSlow(Math.max(Math.min(bytes.length * 4, whole), least));
    bytes.copy(larger);
    return larger;
  }

  #close(): void {
    const pack = this.#pack!;
    this.#pack = undefined;
    const storing: Promise<void> = this.#store(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#storing.delete(storing);
      });
    this.#storing.add(storing);
  }

  async #store(pack: OpenPack): Promise<void> {
    const frames = pack.frames.map(toFrameRecord);
    const plain = encodeDirectory({ kind: this.#kind, nonce: this.#sink.nonce(), frames });
    const packed = await this.#cipher.packFrame(plain);
    const end = pack.length + packed.bytes.length;
    const buffer = end + trailerLength > pack.bytes.length ? this.#grown(pack.bytes, end + trailerLength) : pack.bytes;
    buffer.set(packed.bytes, pack.length);
    buffer.set(encodeTrailer(packed.bytes, packed.codec, plain.length), end);
    const bytes = buffer.subarray(0, end + trailerLength);
    const id = sha256(bytes);
    await this.#sink.store(id, bytes);
    this.#stored += packed.bytes.length + trailerLength;
    this.finished.push({ id, kind: this.#kind, size: bytes.length, frames: pack.frames });
  }
}

function toFrameRecord({ offset, stored, plain, codec, blobs }: PackRecord['frames'][number]): FrameRecord {
  const records: [string, number][] = [];
  for (let at = 0; at < blobs.length; at += blobRecordLength) {
    records.push([blobs.toString('hex', at, at + 32), blobs.readUInt32LE(at + 32)]);
  }
  return { offset, stored, plain, codec, blobs: records };
}

export function toIndexFrame(frame: FrameRecord): PackRecord['frames'][number] {
  const blobs = Buffer.allocUnsafe(frame.blobs.length * blobRecordLength);
  let at = 0;
  for (const [id, length] of frame.blobs) {
    at += blobs.write(id, at, 'hex');
    at = blobs.writeUInt32LE(length, at);
  }
  return { offset: frame.offset, stored: frame.stored, plain: frame.plain, codec: frame.codec, blobs };
}
