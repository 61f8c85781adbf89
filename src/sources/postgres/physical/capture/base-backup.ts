/**
 * `BASE_BACKUP`, from the command to the last byte of the manifest: https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 * The server looks at every page's checksum while it reads and reads a page again that it caught half written. It tells of
 * damaged ones as it goes and fails at the very end, when everything has been sent: then they are problems of the snapshot.
 */
import { fail, isTidemarkError } from '../../../../core/errors.ts';
import type { Problem } from '../../../../format/snapshot.ts';
import type { CaptureContext } from '../../../port.ts';
import type { Event, ReplicationConnection } from '../../replication/connection.ts';
import { type Complaint, literal, type ResultSet, ServerError } from '../../replication/messages.ts';
import { folderNames } from '../layout.ts';
import type { Received } from './received.ts';
import { TarReader } from './tar.ts';

export interface BaseBackupWish {
  readonly label: string;
  /** `fast`: at once, with a burst of writing; `spread`: gently, which may take minutes. */
  readonly checkpoint: 'fast' | 'spread';
  /** Bytes a second at the most. */
  readonly maxRate: number | undefined;
  /** Only what has changed since the backup whose manifest was uploaded. */
  readonly incremental: boolean;
}

export interface BaseBackup {
  readonly startLsn: string;
  readonly stopLsn: string;
  readonly timeline: number;
  readonly tablespaces: readonly { readonly oid: string; readonly location: string }[];
  readonly manifest: Buffer;
  readonly damaged: readonly Problem[];
}

/** What the server says by the way, while a command runs on its connection. */
export interface Notices {
  hear: (complaint: Complaint) => void;
}

const kibibyte = 1024;
/** What the server takes, in KiB a second. */
const rates = { least: 32, most: 1024 * 1024 };
const dataCorrupted = 'XX001';

export function commandOf({ label, checkpoint, maxRate, incremental }: BaseBackupWish): string {
  const options = [
    `LABEL ${literal(label)}`,
    'PROGRESS true',
    `CHECKPOINT ${literal(checkpoint)}`,
    'WAL true',
    'WAIT false', // for the archiver of somebody else: what we need of the log comes with the backup
    `MANIFEST 'yes'`,
    `MANIFEST_CHECKSUMS 'SHA256'`,
    ...(maxRate === undefined
      ? []
      : [`MAX_RATE ${Math.min(rates.most, Math.max(rates.least, Math.round(maxRate / kibibyte)))}`]),
    ...(incremental ? ['INCREMENTAL true'] : []),
  ];
  return `BASE_BACKUP (${options.join(', ')})`;
}

/** Errors: `DumpFailed`, `DatabaseUnreachable`, `DatabaseRefused`, `DeadlineExceeded`. */
export async function baseBackup(
  replication: ReplicationConnection,
  wish: BaseBackupWish,
  received: Received,
  notices: Notices,
  context: CaptureContext,
): Promise<BaseBackup> {
  const reception = new Reception(received, context);
  const damage = new Damage();
  notices.hear = (complaint) => {
    if (!damage.hear(complaint)) context.log.info('server-noticed', { ...complaint });
  };
  try {
    for await (const event of replication.run(commandOf(wish))) {
      if (event.is === 'data') {
        reception.take(event.bytes);
        const waiting = received.settle() ?? context.sink.drain();
        if (waiting !== undefined) await waiting;
      } else reception.note(event);
    }
  } catch (error) {
    if (!(reception.isWhole && damage.problems.length > 0 && isDamage(error))) throw error;
  }
  return { ...reception.outcome(), damaged: damage.problems };
}

/** Where everything that a base backup brings goes. */
class Reception {
  readonly #received: Received;
  readonly #context: CaptureContext;
  readonly #results: ResultSet[] = [];
  readonly #manifest: Buffer[] = [];
  #tar: TarReader | undefined;
  #inManifest = false;
  #copied = false;
  #tenths = 0;

  constructor(received: Received, context: CaptureContext) {
    this.#received = received;
    this.#context = context;
  }

  /** Everything has come, and the position where the backup ends too. */
  get isWhole(): boolean {
    return this.#copied && this.#results.length >= 3;
  }

  note(event: Exclude<Event, { is: 'data' }>): void {
    if (event.is === 'rows') this.#results.push(event.result);
    if (event.is === 'copied') {
      this.#tar?.finish();
      this.#copied = true;
    }
  }

  /** One message of the copy: its first byte says what it is. */
  take(message: Buffer): void {
    switch (message[0]) {
      case 0x64: // 'd': bytes of the archive, or of the manifest
        if (this.#inManifest) this.#manifest.push(message.subarray(1));
        else this.#tar!.write(message.subarray(1));
        return;
      case 0x6e: // 'n': another archive begins
        this.#archive(message.subarray(1));
        return;
      case 0x6d: // 'm': the manifest begins
        this.#tar?.finish();
        this.#tar = undefined;
        this.#inManifest = true;
        return;
      case 0x70: // 'p': how far the server has come
        this.#progress(Number(message.readBigInt64BE(1)));
        return;
      default:
        fail('DumpFailed', `the server sent a message of the type ${message[0]} in a base backup, which is not known`);
    }
  }

  /** Errors: `DumpFailed` when something has not come. */
  outcome(): Omit<BaseBackup, 'damaged'> {
    const [start, , stop] = this.#results.map((result) => result.rows[0]);
    if (!this.isWhole || start?.[0] == null || stop?.[0] == null || this.#manifest.length === 0) {
      return fail('DumpFailed', 'the server ended the base backup without all that belongs to it', {
        hint: 'Look at the log of the server, and take the backup again.',
      });
    }
    const tablespaces = this.#results[1]!.rows.flatMap(([oid, location]) =>
      oid == null ? [] : [{ oid, location: location ?? '' }],
    );
    const manifest = Buffer.concat(this.#manifest);
    return { startLsn: start[0], stopLsn: stop[0], timeline: Number(stop[1]), tablespaces, manifest };
  }

  #archive(about: Buffer): void {
    this.#tar?.finish();
    const name = about.toString('utf8', 0, about.indexOf(0));
    const tablespace = /^(\d+)\.tar$/.exec(name)?.[1];
    if (tablespace === undefined && name !== 'base.tar')
      fail('DumpFailed', `the server sent an archive called ${name}`);
    this.#received.archive(tablespace);
    this.#tar = new TarReader(name, this.#received);
  }

  #progress(done: number): void {
    const { deadline, log } = this.#context;
    const expected = this.#results[1]?.rows.reduce((sum, row) => sum + Number(row[2] ?? 0) * kibibyte, 0) ?? 0;
    if (deadline.passed()) {
      fail('DeadlineExceeded', `${done} of about ${expected} bytes had come when the invocation had to end`, {
        hint: 'A base backup cannot be put down and gone on with: give capture-shard more time or memory, or run this plan on a machine.',
      });
    }
    const tenths = Math.min(10, Math.floor((done * 10) / Math.max(1, expected)));
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    log.info('base-backup-progress', { bytes: done, expected });
  }
}

/**
 * What the server says of damage, in whatever language: `checksum verification failed in file "./base/5/1259", block 3:
 * calculated 6D09 but expected 7E3F`. It names five pages of a file, and in the end how many there are.
 */
class Damage {
  readonly problems: Problem[] = [];
  readonly #named = new Map<string, number>();

  /** True when it was about damage. */
  hear({ message }: Complaint): boolean {
    const [, file, number, rest = ''] = /((?:global|base|pg_tblspc)\/[\w./]*\w)\D+(\d+)(.*)$/s.exec(message) ?? [];
    if (file === undefined || number === undefined) return false;
    const path = `${folderNames.data}/${file}`;
    const named = this.#named.get(path) ?? 0;
    if (/\b[0-9A-F]{1,4}\b.*\b[0-9A-F]{1,4}\s*$/.test(rest)) {
      this.#named.set(path, named + 1);
      this.problems.push({ path, what: `page ${number} does not have its checksum: it is damaged on the server` });
    } else if (named > 0 && Number(number) > named) {
      this.problems.push({ path, what: `${number} pages in all do not have their checksum` });
    } else return named > 0;
    return true;
  }
}

function isDamage(error: unknown): boolean {
  return isTidemarkError(error) && error.cause instanceof ServerError && error.cause.code === dataCorrupted;
}
