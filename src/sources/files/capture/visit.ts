/**
 * One name of a directory, from `lstat` to its entry. What can be done at once is done at once; for the rest the visit
 * says what is to be done: go into a directory, read a large file, wait until a file's times have settled.
 */
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { type Content, type EntryType, nameOf, type TreeEntry } from '../../../format/tree.ts';
import type { ContentSink } from '../../port.ts';
import { joined, type RawPath, shown } from '../raw-path.ts';
import { attempts, type FileContent, hasHoles, type Reading } from './content.ts';
import { type Draft, draftOf, isSameEntry, isUntouched, linkKey, renamed, typeOf } from './entry.ts';
import type { Exclude } from './exclude.ts';
import { type Extended, extendedOf } from './extended.ts';
import { beforeOf, type Child, type Frame, isHeadless } from './frame.ts';
import type { Settling } from './settling.ts';
import { describeFault, sourceFault, type Tally } from './tally.ts';

export type Step =
  | { readonly kind: 'directory'; readonly stat: BigIntStats; readonly before: TreeEntry | undefined }
  | { readonly kind: 'large'; readonly path: RawPath; readonly settled: bigint | undefined }
  | { readonly kind: 'unsettled'; readonly changed: bigint }
  | { readonly kind: 'replaced' };

export interface VisitOptions {
  readonly sink: ContentSink;
  readonly content: FileContent;
  readonly tally: Tally;
  readonly settling: Settling;
  readonly exclude: Exclude | undefined;
  /** False when entries of the snapshot before may lack attributes that can be read now. */
  readonly entriesHold: boolean;
}

const exact = { bigint: true } as const;
/** What opening or reading a link, a socket or a FIFO as a file comes to. */
const replacedBy: ReadonlySet<string> = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'ESPIPE']);

export class Visitor {
  readonly #options: VisitOptions;

  constructor(options: VisitOptions) {
    this.#options = options;
  }

  /** `trusting`: there was a wait already; take a file as it is. */
  visit(frame: Frame, name: RawPath, trusting: boolean): Step | undefined {
    const { exclude } = this.#options;
    const text = exclude === undefined ? '' : shown(name);
    if (exclude?.matches(text, frame.path + text)) return undefined;
    const path = joined(frame.place.prefix, name);
    try {
      const stat = lstatSync(path, exact);
      const type = typeOf(stat);
      if (type !== 'directory' && frame.from !== undefined && isHeadless(frame, name)) return missing(frame, name);
      if (type === undefined) return this.problem(frame, name, 'is of a kind that Tidemark does not know');
      if (type === 'directory') {
        if (exclude?.matchesDirectory(text, frame.path + text)) return undefined;
        return { kind: 'directory', stat, before: beforeOf(frame, name) };
      }
      const before = beforeOf(frame, name);
      const untouched = before !== undefined && isUntouched(before, stat, type);
      if (type === 'file') return this.#file(frame, name, path, stat, untouched ? before : undefined, trusting);
      return this.#other(frame, name, path, stat, type, untouched ? before : undefined);
    } catch (error) {
      return this.fault(frame, name, error);
    }
  }

  /** A symbolic link, FIFO, socket or device. None of them is opened. */
  #other(
    frame: Frame,
    name: RawPath,
    path: RawPath,
    stat: BigIntStats,
    type: EntryType,
    untouched: TreeEntry | undefined,
  ): undefined {
    const { totals } = this.#options.tally;
    if (untouched !== undefined && this.holds(untouched, stat, type)) {
      totals.others += 1;
      return keep(frame, untouched);
    }
    const draft = draftOf(stat, name, type);
    if (type === 'symlink') {
      const target = nameOf(readlinkSync(path, 'buffer'));
      if ('name' in target) draft.target = target.name;
      else draft.targetBase64 = target.nameBase64;
    }
    this.attributes(frame, name, draft, extendedOf(path));
    totals.others += 1;
    return add(frame, draft);
  }

  #file(
    frame: Frame,
    name: RawPath,
    path: RawPath,
    stat: BigIntStats,
    untouched: TreeEntry | undefined,
    trusting: boolean,
  ): Step | undefined {
    const { sink, settling, content, tally } = this.#options;
    if (untouched !== undefined && sink.holds(untouched.lists ?? untouched.blobs ?? [])) {
      if (!this.holds(untouched, stat, 'file')) {
        const reading = { stat, content: contentOf(untouched), stable: true };
        return this.finish(frame, name, path, reading, stat.ctimeNs);
      }
      tally.addFile(untouched, stat.nlink);
      return keep(frame, untouched);
    }
    const key = linkKey(stat, 'file');
    const link = key === undefined ? undefined : tally.link(key);
    if (link !== undefined) {
      tally.addFile(link.entry, stat.nlink);
      return add(frame, renamed(link.entry, name));
    }
    const settled = settling.isSettled(stat.ctimeNs) ? stat.ctimeNs : undefined;
    if (settled === undefined && !trusting) return { kind: 'unsettled', changed: stat.ctimeNs };
    if (stat.size > content.atOnce) return { kind: 'large', path, settled };
    const reading = content.whole(path, stat);
    if (reading === 'replaced') return { kind: 'replaced' };
    if (reading === 'large') return { kind: 'large', path, settled };
    return this.finish(frame, name, path, reading, settled);
  }

  /** The entry of a file whose bytes are in the sink. `settled`: the change time that was a tick old before the reading. */
  finish(frame: Frame, name: RawPath, path: RawPath, reading: Reading, settled: bigint | undefined): undefined {
    const draft = draftOf(reading.stat, name, 'file');
    Object.assign(draft, reading.content);
    if (hasHoles(reading.stat)) draft.sparse = true;
    this.attributes(frame, name, draft, reading.extended ?? extendedOf(path));
    if (!reading.stable) {
      this.problem(frame, name, `changed while it was read, ${attempts} times; what was read last is kept`);
    }
    // Without a change time the entry never counts as untouched, so the next capture reads the file again.
    if (!reading.stable || reading.stat.ctimeNs !== settled) delete draft.ctime;
    this.#options.tally.addFile(draft, reading.stat.nlink);
    return add(frame, draft);
  }

  attributes(frame: Frame, name: RawPath, draft: Draft, extended: Extended): void {
    if (extended.xattrs !== undefined) draft.xattrs = extended.xattrs;
    if (extended.fault !== undefined) this.problem(frame, name, extended.fault);
  }

  /** The entry of something untouched says all that can be said of it now. */
  holds(untouched: TreeEntry, stat: BigIntStats, type: EntryType): boolean {
    return this.#options.entriesHold && isSameEntry(untouched, stat, type);
  }

  fault(frame: Frame, name: RawPath, error: unknown): Step | undefined {
    const code = sourceFault(error);
    // Something else has taken the place of the file since `lstat`.
    if (replacedBy.has(code)) return { kind: 'replaced' };
    return this.problem(frame, name, describeFault(code));
  }

  problem(frame: Frame, name: RawPath, what: string): undefined {
    this.#options.tally.problem(frame.path + shown(name), what);
  }
}

function missing(frame: Frame, name: RawPath): undefined {
  frame.children.push({ open: true, name: shown(name), missing: true, children: [] });
}

export function keep(frame: Frame, entry: TreeEntry): undefined {
  frame.children.push(entry);
}

export function add(frame: Frame, entry: Child): undefined {
  frame.children.push(entry);
  frame.identical = false;
}

function contentOf(entry: TreeEntry): Content {
  return {
    size: entry.size ?? 0,
    ...(entry.blobs && { blobs: entry.blobs }),
    ...(entry.lists && { lists: entry.lists }),
  };
}
