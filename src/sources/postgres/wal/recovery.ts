/**
 * What a restored data directory is given so that the stock server recovers to the moment asked for, by itself, when it is
 * started: https://www.postgresql.org/docs/current/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
 * All of the log lies in `pg_wal`, so nothing has to be fetched while it recovers.
 */
import type { RestoreMoment } from '../../port.ts';
import type { LogDetails } from './details.ts';
import { isoOf, microsecondsOf } from './read/time.ts';

/** Files at the top of the data directory, from what is stored there. */
export type ChangedFiles = ReadonlyMap<string, (stored: Buffer | undefined) => Buffer>;

export function recoveryFiles(log: LogDetails, moment: RestoreMoment): ChangedFiles {
  return new Map<string, (stored: Buffer | undefined) => Buffer>([
    ['recovery.signal', () => Buffer.alloc(0)],
    ['postgresql.auto.conf', (stored) => withSettings(stored, settingsFor(log, moment))],
  ]);
}

/** In the order in which they are written. */
export function settingsFor(
  log: LogDetails,
  moment: RestoreMoment,
): readonly (readonly [name: string, value: string])[] {
  const target: (readonly [string, string])[] =
    moment.time !== undefined
      ? [['recovery_target_time', serverTime(moment.time)]]
      : moment.lsn !== undefined
        ? [['recovery_target_lsn', moment.lsn]]
        : moment.name !== undefined
          ? [['recovery_target_name', moment.name]]
          : [];
  return [
    // no program: what is not in pg_wal is not there
    ['restore_command', 'false'],
    ['recovery_target_timeline', String(log.timeline)],
    ...target,
    // the server does not act at the end of its log, where no target was set
    ...(target.length > 0 ? ([['recovery_target_action', moment.pause ? 'pause' : 'promote']] as const) : []),
  ];
}

function withSettings(stored: Buffer = Buffer.alloc(0), settings: ReturnType<typeof settingsFor>): Buffer {
  const before = stored.length > 0 && stored.at(-1) !== 0x0a ? '\n' : '';
  const lines = settings.map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'\n`,
  );
  return Buffer.concat([
    stored,
    Buffer.from(
      `${before}# Written by the restore: how far this server recovers when it is started.\n${lines.join('')}`,
    ),
  ]);
}

/** In UTC, as the server would read a time without an offset in a zone of its own. */
function serverTime(iso: string): string {
  return isoOf(microsecondsOf(iso)).replace('T', ' ').replace('Z', '+00');
}
