/** A worker's part in a restore into a directory, or in the comparison that follows it. */
import { systemClock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { restore } from '../../sources/files/restore/restore.ts';
import { validate } from '../../sources/files/restore/validate.ts';
import type { RestoreContext } from '../../sources/port.ts';
import { createCipher } from '../../vault/cipher.ts';
import { BlobReader } from '../../vault/reader.ts';
import { SharedIndex } from '../../vault/shared-index.ts';
import type { FrameAnswer, RestoreSetting } from './messages.ts';
import type { ServedFrames } from './served-frames.ts';
import { deadlineOf, framesServed, logOf, type PartAsked, type Session, say } from './session.ts';

/** Bytes of expanded frames that a worker holds on to. */
const framesKept = 32 * 1024 * 1024;

export class RestoreSession implements Session {
  readonly #number: number;
  readonly #setting: RestoreSetting;
  readonly #frames: ServedFrames;
  readonly #context: RestoreContext;
  #closed = false;

  constructor(number: number, setting: RestoreSetting) {
    this.#number = number;
    this.#setting = setting;
    const { keys, index, place, root, details, target, overwrite, remaining } = setting;
    const cipher = createCipher(keys.config, keys.master, systemRandom);
    this.#frames = framesServed(number, place, cipher);
    this.#context = {
      reader: new BlobReader(new SharedIndex(index), this.#frames, cipher, framesKept),
      ...{ root, details, target, overwrite, paths: [] },
      deadline: deadlineOf(remaining, () => this.#closed),
      clock: systemClock,
      log: logOf(number),
    };
  }

  async part({ part, shard, state }: PartAsked): Promise<void> {
    const context = { ...this.#context, part: { shard, before: this.#setting.before } };
    const session = this.#number;
    if (this.#setting.task === 'validate') {
      say({ type: 'validated', session, part, report: await validate(context) });
    } else say({ type: 'restored', session, part, outcome: await restore(state, context) });
  }

  frame(number: number, answer: FrameAnswer): void {
    this.#frames.take(number, answer);
  }

  close(): void {
    this.#closed = true;
    this.#frames.close();
  }
}
