/** What may go wrong with the log that a server keeps for us, before it does. */
import type { Concern } from '../../../port.ts';
import type { ServerLog, Slot } from './server.ts';

/** Of the limit, this much is used up by the time that a run comes: one or two that fail, and log is lost. */
const nearTheLimit = 0.4;
const gibibyte = 1024 ** 3;
/** What is proposed at least. */
const smallestLimit = 8 * gibibyte;

export function concernOf(server: ServerLog, slot: Slot, name: string): Concern | null {
  const { slotLimit, flushed } = server;
  const waiting = Math.max(0, Number(flushed - (slot.keptFrom ?? flushed)));
  if (slotLimit === undefined) {
    return {
      subject: 'nothing limits the log that the server keeps for us',
      what: `max_slot_wal_keep_size is -1: while backups do not run, the log that waits for them (slot ${name}, ${sizeOf(waiting)} now) grows until the server's disk is full, and the server stops`,
      action: `Set a limit that fits the disk, say: ALTER SYSTEM SET max_slot_wal_keep_size = '${limitFor(waiting)}'; SELECT pg_reload_conf(); beyond it the server gives the log up instead, and a new base is needed.`,
    };
  }
  if (waiting < slotLimit * nearTheLimit && !(slot.room !== undefined && slot.room <= 0)) return null;
  return {
    subject: 'the server nearly gives up log that is not saved yet',
    what: `${sizeOf(waiting)} of at most ${sizeOf(slotLimit)} waited at the server when the run came (slot ${name}); beyond that it throws away what is not saved, and the moments in it cannot be restored`,
    action: `Set max_slot_wal_keep_size higher, or let the log be saved more often: ALTER SYSTEM SET max_slot_wal_keep_size = '${limitFor(waiting)}'; SELECT pg_reload_conf();`,
  };
}

/** Ten times what waits, in whole gibibytes. */
function limitFor(waiting: number): string {
  return `${Math.max(smallestLimit / gibibyte, Math.ceil((10 * waiting) / gibibyte))}GB`;
}

function sizeOf(bytes: number): string {
  return bytes >= gibibyte ? `${(bytes / gibibyte).toFixed(1)} GiB` : `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
