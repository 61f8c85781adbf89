/** The frames of a vault as they come from its store: read, opened and expanded. */
import type { FrameCodec } from '../codec/compress.ts';
import { layout } from '../format/layout.ts';
import type { ObjectStore } from '../storage/port.ts';
import type { BlobIndex } from './blob-index.ts';
import type { VaultCipher } from './cipher.ts';
import type { Frames } from './reader.ts';

const framesAhead = 2;

/** A frame as it lies in its pack. */
export interface StoredFrame {
  readonly codec: FrameCodec;
  readonly bytes: Uint8Array;
  /** Bytes that it expands to. */
  readonly plain: number;
}

export async function readFrame(store: ObjectStore, index: BlobIndex, number: number): Promise<StoredFrame> {
  const { codec, offset, pack, plain, stored: length } = index.frames[number]!;
  const bytes = await store.get(layout.pack(index.packs[pack]!.id), { offset, length });
  return { codec, bytes, plain };
}

export function storedFrames(store: ObjectStore, index: BlobIndex, cipher: VaultCipher): Frames {
  return {
    name: store.name,
    packOf: (frame) => index.packs[index.frames[frame]!.pack]!.id,
    async fetch(number) {
      const { codec, bytes, plain } = await readFrame(store, index, number);
      return cipher.openFrame(codec, bytes, plain);
    },
    after(number) {
      const { pack } = index.frames[number]!;
      const ahead = Array.from({ length: framesAhead }, (_, at) => number + 1 + at);
      return ahead.filter((next) => index.frames[next]?.pack === pack);
    },
  };
}
