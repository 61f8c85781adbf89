/**
 * Takes the files of a base backup as they come off the wire and pours them into the vault: relations and log segments cut
 * at their pages, everything hashed on the way for the comparison with the server's manifest. Nothing waits on a disk, and
 * no file is held in memory but the small ones.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Content, TreeEntry } from '../../../../format/tree.ts';
import type { ContentSink, ContentStream } from '../../../port.ts';
import { tablespaceFolder, walFile, walFolder } from '../layout.ts';
import { isRelation } from '../pages.ts';
import { Listing } from './listing.ts';
import type { TarEntry, TarVisitor } from './tar.ts';

export interface ReceivedWal {
  readonly name: string;
  readonly content: Content;
}

/** Files that are small and no relation are stored as one blob; they are held until they are whole. */
const inOnePiece = 8192;

interface UnderWay {
  readonly path: string;
  readonly entry: TarEntry;
  readonly hash: Hash;
  readonly stream: ContentStream | undefined;
  readonly pieces: Buffer[];
}

export class Received implements TarVisitor {
  readonly listing = new Listing();
  /** SHA-256 by path, of every file that is not of the log. */
  readonly sums = new Map<string, string>();
  readonly wal: ReceivedWal[] = [];
  bytes = 0;
  readonly #sink: ContentSink;
  readonly #page: number;
  /** Where the current archive lies in the data directory: empty, or `pg_tblspc/16384/`. */
  #prefix = '';
  #file: UnderWay | undefined;

  constructor(sink: ContentSink, page: number) {
    this.#sink = sink;
    this.#page = page;
  }

  /** What follows is the data directory itself, or the tablespace with this number. */
  archive(tablespace: string | undefined): void {
    this.#prefix = tablespace === undefined ? '' : `${tablespaceFolder}/${tablespace}/`;
  }

  begin(entry: TarEntry): void {
    const path = this.#prefix + entry.path;
    // where a tablespace was; its files come in an archive of their own, and take the place of the link
    if (entry.type !== 'file') {
      this.#place(path, entry, { type: 'directory' });
      return;
    }
    const inWal = path.startsWith(`${walFolder}/`);
    const paged = isRelation(path) || (inWal && walFile.test(path.slice(walFolder.length + 1)));
    const stream =
      paged || entry.size > inOnePiece ? this.#sink.stream(undefined, paged ? this.#page : undefined) : undefined;
    this.#file = { path, entry, hash: createHash('sha256'), stream, pieces: [] };
  }

  data(bytes: Buffer): void {
    const file = this.#file!;
    this.bytes += bytes.length;
    file.hash.update(bytes);
    if (file.stream === undefined) file.pieces.push(Buffer.from(bytes));
    else file.stream.write(bytes);
  }

  end(): void {
    const { path, entry, hash, stream, pieces } = this.#file!;
    this.#file = undefined;
    const content = stream === undefined ? this.#small(Buffer.concat(pieces)) : stream.end();
    const segment = path.startsWith(`${walFolder}/`) ? path.slice(walFolder.length + 1) : '';
    if (walFile.test(segment)) {
      this.wal.push({ name: segment, content });
      return;
    }
    this.sums.set(path, hash.digest('hex'));
    this.#place(path, entry, { type: 'file', ...content });
  }

  #small(bytes: Buffer): Content {
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
