/**
 * Takes the files of a base backup as they come off the wire and pours them into the vault: relations and log segments cut
 * at their pages, everything hashed on the way for the comparison with the server's manifest. Nothing waits on a disk, and
 * no file is held in memory but the small ones.
 */
import { createHash, type Hash } from 'node:crypto';
import { fail } from '../../../../core/errors.ts';
import type { Content, TreeEntry } from '../../../../format/tree.ts';
import type { ContentSink, ContentStream } from '../../../port.ts';
import { tablespaceFolder, walFile, walFolder } from '../layout.ts';
import type { BackupManifest } from '../manifest.ts';
import { isRelation } from '../pages.ts';
import { applied, type ChangedFile, Changes, changesPrefix } from './changes.ts';
import type { EarlierBackup } from './earlier.ts';
import { Listing } from './listing.ts';
import type { TarEntry, TarVisitor } from './tar.ts';

export interface ReceivedWal {
  readonly name: string;
  readonly content: Content;
}

/** What came under a path, to be held against the server's manifest. */
export interface Sum {
  readonly sha256: string;
  readonly size: number;
}

/** Files that are small and no relation are stored as one blob; they are held until they are whole. */
const inOnePiece = 8192;
const labelName = 'backup_label';
/** Lines by which a server tells a backup of changes, and refuses to start on it. What we store is all there is. */
const ofChanges = /^INCREMENTAL FROM .*\n/gm;

interface UnderWay {
  readonly path: string;
  readonly entry: TarEntry;
  readonly hash: Hash;
  readonly into: ContentStream | Changes | Buffer[];
}

interface Waiting {
  readonly path: string;
  readonly entry: TarEntry;
  readonly changes: ChangedFile;
}

export class Received implements TarVisitor {
  readonly listing = new Listing();
  /** By path as it was sent, of every file that is not of the log. */
  readonly sums = new Map<string, Sum>();
  /** Files that are not what was sent, by their path in the data directory: what is known of them without reading them. */
  readonly made = new Map<string, { readonly size: number; readonly sha256?: string }>();
  readonly wal: ReceivedWal[] = [];
  bytes = 0;
  readonly #sink: ContentSink;
  readonly #page: number;
  readonly #earlier: EarlierBackup | undefined;
  /** Where the current archive lies in the data directory: empty, or `pg_tblspc/16384/`. */
  #prefix = '';
  #file: UnderWay | undefined;
  #waiting: Waiting[] = [];

  /** `page` in bytes. With an earlier backup, files of changes are understood. */
  constructor(sink: ContentSink, page: number, earlier?: EarlierBackup) {
    [this.#sink, this.#page, this.#earlier] = [sink, page, earlier];
  }

  /** What follows is the data directory itself, or the tablespace with this number. */
  archive(tablespace: string | undefined): void {
    this.#prefix = tablespace === undefined ? '' : `${tablespaceFolder}/${tablespace}/`;
  }

  begin(entry: TarEntry): void {
    const path = this.#prefix + entry.path;
    // where a tablespace was; its files come in an archive of their own, and take the place of the link
    if (entry.type !== 'file') this.#place(path, entry, { type: 'directory' });
    else this.#file = { path, entry, hash: createHash('sha256'), into: this.#vesselFor(path, entry.size) };
  }

  data(bytes: Buffer): void {
    const { hash, into } = this.#file!;
    this.bytes += bytes.length;
    hash.update(bytes);
    if (Array.isArray(into)) into.push(Buffer.from(bytes));
    else into.write(bytes);
  }

  end(): void {
    const { path, entry, hash, into } = this.#file!;
    this.#file = undefined;
    const segment = path.startsWith(`${walFolder}/`) ? path.slice(walFolder.length + 1) : '';
    // the server's manifest lists the histories of timelines, and no segments
    const listed = !walFile.test(segment) || segment.endsWith('.history');
    if (listed) this.sums.set(path, { sha256: hash.digest('hex'), size: entry.size });
    if (into instanceof Changes) {
      this.#waiting.push({ path: path.replace(changesPrefix, ''), entry, changes: into.end() });
      return;
    }
    const content = Array.isArray(into) ? this.#small(path, Buffer.concat(into)) : into.end();
    if (walFile.test(segment)) this.wal.push({ name: segment, content });
    else this.#place(path, entry, { type: 'file', ...content });
  }

  /** Where there is something to do that needs the vault; undefined when there is nothing. */
  settle(): Promise<void> | undefined {
    return this.#waiting.length === 0 ? undefined : this.#applyAll();
  }

  async #applyAll(): Promise<void> {
    const earlier = this.#earlier!;
    for (const { path, entry, changes } of this.#waiting.splice(0)) {
      const before = await earlier.file(path);
      const { content, same } = await applied(changes, before, earlier.reader, this.#sink);
      const sha256 = same ? earlier.sumOf(path) : undefined;
      this.made.set(path, { size: content.size, ...(sha256 !== undefined && { sha256 }) });
      this.#place(path, entry, { type: 'file', ...content });
    }
  }

  #vesselFor(path: string, size: number): UnderWay['into'] {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name.startsWith(changesPrefix) && isRelation(path.replace(changesPrefix, ''))) {
      if (this.#earlier !== undefined) return new Changes(this.#sink, this.#page, path);
      fail('DumpFailed', `the server sent changes, ${path}, and was asked for all`);
    }
    const paged = isRelation(path) || (path.startsWith(`${walFolder}/`) && walFile.test(name));
    if (paged) return this.#sink.stream(undefined, this.#page);
    return size > inOnePiece ? this.#sink.stream() : [];
  }

  #small(path: string, sent: Buffer): Content {
    let bytes = sent;
    if (path === labelName && this.#earlier !== undefined) {
      bytes = Buffer.from(sent.toString('latin1').replace(ofChanges, ''), 'latin1');
      this.made.set(path, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    return { size: bytes.length, blobs: bytes.length === 0 ? [] : [this.#sink.put(bytes, 'data')] };
  }

  #place(path: string, from: TarEntry, what: Pick<TreeEntry, 'type'> & Partial<Content>): void {
    this.listing.add(path, {
      name: path.slice(path.lastIndexOf('/') + 1),
      mode: from.type === 'symlink' ? 0o700 : from.mode,
      uid: from.uid,
      gid: from.gid,
      mtime: `${BigInt(from.mtime) * 1_000_000_000n}`,
      ...what,
    });
  }
}

/** The server's list of what it sent as the list of what was made of it. */
export function asMade(listed: BackupManifest, received: Received): BackupManifest {
  const files = listed.files.map((file) => {
    const slash = file.path.lastIndexOf('/') + 1;
    const changed = file.path.startsWith(changesPrefix, slash);
    const path = changed ? file.path.slice(0, slash) + file.path.slice(slash + changesPrefix.length) : file.path;
    const made = received.made.get(path);
    // a file of which only some pages came has no checksum: nobody has read all of it, and its blobs vouch for it
    return made === undefined ? file : { path, lastModified: file.lastModified, ...made };
  });
  return { ...listed, files };
}
