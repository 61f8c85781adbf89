/**
 * Follows a server's log from the start of a segment to a position: https://www.postgresql.org/docs/current/protocol-replication.html
 * No slot is named and nothing is confirmed on the way: the slot holds the log back while nobody streams, and it is moved
 * on only by a later run, when the vault has what was read.
 */
import type { Clock } from '../../../../core/clock.ts';
import { fail, isTidemarkError, TidemarkError } from '../../../../core/errors.ts';
import type { ReplicationConnection } from '../../replication/connection.ts';
import { type Lsn, lsnText } from '../lsn.ts';

export interface StreamWish {
  readonly timeline: number;
  /** The start of a segment. */
  readonly from: Lsn;
  readonly to: Lsn;
  readonly clock: Clock;
}

/** The server ends a session that it has not heard of for `wal_sender_timeout`, 60 seconds unless set otherwise. */
const speakEvery = 10_000;
/** Twice the server's own patience: whoever is silent for so long is gone. */
const patience = 120_000;

/**
 * The bytes of the log in order, in pieces as they come. Leaving early is fine: the connection is used up either way.
 * Errors: `WalLost` when the server has removed what was asked for; `DatabaseUnreachable`.
 */
export async function* streamLog(
  replication: ReplicationConnection,
  { timeline, from, to, clock }: StreamWish,
): AsyncGenerator<Buffer, void, undefined> {
  if (from >= to) return;
  let next = from;
  let spoken = clock.elapsed();
  try {
    const copy = await replication.copyBoth(`START_REPLICATION PHYSICAL ${lsnText(from)} TIMELINE ${timeline}`);
    while (next < to) {
      const message = copy.atHand() ?? (await copy.read(patience));
      if (message === undefined) return ended(timeline, next, to);
      if (message === 'silent') {
        return fail('DatabaseUnreachable', `${replication.server} has been silent in the middle of its log`, {
          hint: 'Look at the log of the server and at the network. The next run goes on where this one was.',
        });
      }
      const asked = message[0] === 0x6b && message[17] === 1;
      if (asked || clock.elapsed() - spoken > speakEvery) {
        copy.send(sign(next));
        spoken = clock.elapsed();
      }
      if (message[0] !== 0x77) continue;
      const at = message.readBigUInt64BE(1);
      if (at !== next) fail('ChecksumMismatch', `the server went on at ${lsnText(at)} after ${lsnText(next)}`);
      const bytes = message.subarray(25);
      const wanted = bytes.subarray(0, Number(min(BigInt(bytes.length), to - next)));
      next += BigInt(wanted.length);
      yield wanted;
    }
  } catch (error) {
    throw lost(error, replication, from);
  }
}

function ended(timeline: number, next: Lsn, to: Lsn): never {
  return fail('DatabaseUnreachable', `timeline ${timeline} ended at ${lsnText(next)}, before ${lsnText(to)}`, {
    hint: 'The server was promoted or replaced just now. The next run follows the new timeline.',
  });
}

function lost(error: unknown, { server }: ReplicationConnection, from: Lsn): unknown {
  if (!isTidemarkError(error) || error.context.code !== '58P01') return error;
  return new TidemarkError(
    'WalLost',
    `${server} no longer has its log from ${lsnText(from)} on, which the vault needs to go on`,
    {
      hint: 'Take a new base now: tidemark backup --cadence full. What was saved before stays restorable; the time in between is not. Set max_slot_wal_keep_size higher if the slot was given up.',
      context: { from: lsnText(from) },
      cause: error,
    },
  );
}

/** A sign of life: received so far, nothing said to be durable here, as that would move a slot on. */
function sign(received: Lsn): Buffer {
  const message = Buffer.alloc(34);
  message[0] = 0x72;
  message.writeBigUInt64BE(received, 1);
  return message;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
