/** Packs examined by all workers: the main thread reads them, and each worker looks into whole packs. */
import { fail, type TidemarkError } from '../../core/errors.ts';
import { type Examine, examinePack, type PackFault } from '../../vault/check.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Crew, Hand } from './crew.ts';
import { type FromWorker, revived } from './messages.ts';

interface Waiting {
  readonly resolve: (fault: PackFault) => void;
  readonly reject: (error: TidemarkError) => void;
}

export interface Examiners {
  readonly examine: Examine;
  /** So many packs at a time keep everybody busy. */
  readonly atOnce: number;
  close(): void;
}

/** Without a crew, or with a single worker, packs are examined here. */
export function examinersOf(crew: Crew | undefined, vault: Vault): Examiners {
  if (crew === undefined || crew.size < 2) {
    return { examine: (pack, stored) => examinePack(vault.cipher, pack, stored), atOnce: 2, close: () => {} };
  }
  const waiting = new Map<string, Waiting>();
  const giveUp = (error: TidemarkError): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const heard = (_: Hand, message: FromWorker): void => {
    if (message.type === 'failed') giveUp(revived(message.error));
    if (message.type !== 'examined') return;
    waiting.get(message.pack)?.resolve(message.fault);
    waiting.delete(message.pack);
  };
  const { session, hands } = crew.open({ heard, lost: giveUp });
  const keys = vault.keys();
  let turn = 0;
  return {
    atOnce: hands.length,
    examine(pack, stored) {
      if (waiting.has(pack)) fail('Unexpected', `pack ${pack} is being examined already`);
      const examined = new Promise<PackFault>((resolve, reject) => waiting.set(pack, { resolve, reject }));
      const own = stored.byteLength === stored.buffer.byteLength ? stored : Buffer.from(new Uint8Array(stored).buffer);
      const hand = hands[turn % hands.length]!;
      turn += 1;
      hand.say({ type: 'examine', session, keys, pack, bytes: own }, [own.buffer as ArrayBuffer]);
      return examined;
    },
    close: () => crew.close(session, hands),
  };
}
