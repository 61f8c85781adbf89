/** What the sessions of a worker have in common: they are told things, and tell the main thread. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { type Deadline, deadlineIn, noDeadline } from '../../core/deadline.ts';
import type { Log } from '../../core/log.ts';
import type { VaultCipher } from '../../vault/cipher.ts';
import type { FrameAnswer, FromWorker, ToWorker } from './messages.ts';
import { ServedFrames } from './served-frames.ts';

export type PartAsked = ToWorker & { readonly type: 'part' };

export interface Session {
  part(asked: PartAsked): Promise<void>;
  frame(number: number, answer: FrameAnswer): void;
  /** A frame of this session has arrived. */
  taken?(): void;
  flush?(): Promise<void>;
  close(): void;
}

export function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer);
}

/** What nobody waits for any more puts itself down as if its time were over. */
export function deadlineOf(remaining: number, closed: () => boolean): Deadline {
  const own = Number.isFinite(remaining) ? deadlineIn(systemClock, remaining) : noDeadline;
  return { remaining: own.remaining, passed: () => closed() || own.passed() };
}

export function framesServed(session: number, place: string, cipher: VaultCipher): ServedFrames {
  return new ServedFrames(place, cipher, (number) => say({ type: 'want', session, number }));
}

export function logOf(session: number): Log {
  const tell = (code: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    say({ type: 'warn', session, code, fields: { ...fields } });
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell, with: () => log };
  return log;
}
