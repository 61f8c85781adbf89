/**
 * A worker: has a part in captures, restores, comparisons and examinations. The store, the index and the packs are the main
 * thread's. Several of these may share the worker; each is a session.
 */
import { parentPort } from 'node:worker_threads';
import { asTidemarkError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { examinePack } from '../../vault/check.ts';
import { createCipher, type VaultCipher } from '../../vault/cipher.ts';
import { CaptureSession } from './capture-session.ts';
import { plainError, type ToWorker } from './messages.ts';
import { RestoreSession } from './restore-session.ts';
import { type Session, say } from './session.ts';

const sessions = new Map<number, Session>();
/** By session: packs of one vault are examined with one cipher. */
const ciphers = new Map<number, VaultCipher>();

async function examine({ session, keys, pack, bytes }: ToWorker & { type: 'examine' }): Promise<void> {
  const cipher = ciphers.get(session) ?? createCipher(keys.config, keys.master, systemRandom);
  ciphers.set(session, cipher);
  const fault = await examinePack(cipher, pack, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  say({ type: 'examined', session, pack, fault });
}

async function obey(message: ToWorker): Promise<void> {
  if (message.type === 'open-capture') {
    sessions.set(message.session, new CaptureSession(message.session, message.setting));
    return;
  }
  if (message.type === 'open-restore') {
    sessions.set(message.session, new RestoreSession(message.session, message.setting));
    return;
  }
  if (message.type === 'examine') return examine(message);
  if (message.type === 'close') ciphers.delete(message.session);
  const session = sessions.get(message.session);
  if (session === undefined) return; // closed already: another worker's failure ended it
  if (message.type === 'part') await session.part(message);
  else if (message.type === 'taken') session.taken?.();
  else if (message.type === 'frame') session.frame(message.number, message.answer);
  else if (message.type === 'flush') await session.flush?.();
  else {
    sessions.delete(message.session);
    session.close();
  }
}

parentPort?.on('message', (message: ToWorker) => {
  obey(message).catch((error: unknown) => {
    say({ type: 'failed', session: message.session, error: plainError(asTidemarkError(error)) });
  });
});
