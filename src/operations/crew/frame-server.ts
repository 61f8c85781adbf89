/** Gives workers the frames of a vault as they are stored: the main thread reads, and whoever asked opens and expands. */
import { asTidemarkError } from '../../core/errors.ts';
import type { ObjectStore } from '../../storage/port.ts';
import type { BlobIndex } from '../../vault/blob-index.ts';
import { readFrame } from '../../vault/stored-frames.ts';
import type { Hand } from './crew.ts';
import { type FromWorker, plainError } from './messages.ts';

export class FrameServer {
  readonly #store: ObjectStore;
  readonly #index: BlobIndex;

  constructor(store: ObjectStore, index: BlobIndex) {
    this.#store = store;
    this.#index = index;
  }

  async answer(hand: Hand, { session, number }: FromWorker & { readonly type: 'want' }): Promise<void> {
    try {
      const frame = await readFrame(this.#store, this.#index, number);
      // what is transferred has to be a buffer of its own
      const own = frame.bytes.byteLength === frame.bytes.buffer.byteLength ? frame.bytes : new Uint8Array(frame.bytes);
      hand.say({ type: 'frame', session, number, answer: { ...frame, bytes: own } }, [own.buffer as ArrayBuffer]);
    } catch (error) {
      hand.say({ type: 'frame', session, number, answer: { error: plainError(asTidemarkError(error)) } });
    }
  }
}
