/**
 * One file of a restore: created, filled, given its attributes. Where something is to be replaced, the new file is made
 * beside it and takes its name when it is complete, so that the old one is there until then, and its other names keep it.
 */
import { closeSync, renameSync } from 'node:fs';
import type { TreeEntry } from '../../../format/tree.ts';
import type { RestoreContext } from '../../port.ts';
import { joined, type RawPath, readNames } from '../raw-path.ts';
import { applyAttributes } from './attributes.ts';
import { checkLength, createFile, type FileProgress, lengthOf, reopenFile, writeAll, writeContent } from './content.ts';
import { clear, clearDirectory } from './recreate.ts';

const temporaryName = '.tidemark-restoring';

/** Takes away what a restore that died left half-written in a directory. Not where another thread may be at work. */
export function clearLeftovers(directory: RawPath): void {
  for (const name of readNames(directory)) {
    if (typeof name === 'string' && name.startsWith(temporaryName)) clear(joined(directory, name));
  }
}

/** Blobs of a file that is written in one go; some MB at most. */
const mostAtOnce = 64;

export interface FilePlace {
  /** Of the directory. */
  readonly prefix: RawPath;
  readonly path: RawPath;
  readonly replacing: boolean;
}

export type FileOutcome = { readonly complaints: readonly string[] } | { readonly suspended: FileProgress };

export class FileRestore {
  files: number;
  bytes: number;
  readonly #context: RestoreContext;
  /** Of a file that takes another's place when it is complete; other parts may be at work in the same directory. */
  readonly #temporaryName: string;

  constructor(context: RestoreContext, restored = { files: 0, bytes: 0 }) {
    this.#context = context;
    const number = context.part?.shard.number;
    this.#temporaryName = number === undefined ? temporaryName : `${temporaryName}-${number}`;
    this.files = restored.files;
    this.bytes = restored.bytes;
  }

  /** The bytes of a file that is not large, when they can be had without waiting. */
  atHand(entry: TreeEntry): readonly Buffer[] | undefined {
    const { blobs = [] } = entry;
    if (entry.lists !== undefined || entry.sparse || blobs.length > mostAtOnce) return undefined;
    const found: Buffer[] = [];
    for (const id of blobs) {
      const bytes = this.#context.reader.blobAtHand(id);
      if (bytes === undefined) return undefined;
      found.push(bytes);
    }
    return found;
  }

  whole(place: FilePlace, entry: TreeEntry, blobs: readonly Buffer[]): readonly string[] {
    checkLength(lengthOf(blobs), entry);
    const working = this.#workingPath(place);
    if (place.replacing) clear(working);
    const fd = createFile(working);
    try {
      writeAll(fd, blobs, 0);
      return this.#complete(fd, working, place, entry);
    } catch (error) {
      clear(working);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** `pause` is awaited after each piece and says whether to stop there. */
  async streamed(
    place: FilePlace,
    entry: TreeEntry,
    progress: FileProgress | undefined,
    pause: (bytes: number) => Promise<boolean>,
  ): Promise<FileOutcome> {
    const working = this.#workingPath(place);
    let fd = progress && reopenFile(working, progress);
    const from = fd === undefined ? undefined : progress;
    if (fd === undefined) {
      // What was begun there and touched by somebody since is begun again.
      if (place.replacing || progress !== undefined) clear(working);
      fd = createFile(working);
    }
    try {
      const suspended = await writeContent(fd, entry, this.#context.reader, from, pause);
      if (suspended !== undefined) return { suspended };
      return { complaints: this.#complete(fd, working, place, entry) };
    } catch (error) {
      clear(working);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  #workingPath({ prefix, path, replacing }: FilePlace): RawPath {
    return replacing ? joined(prefix, this.#temporaryName) : path;
  }

  #complete(fd: number, working: RawPath, place: FilePlace, entry: TreeEntry): readonly string[] {
    const complaints = applyAttributes(working, entry, { fd });
    if (place.replacing) {
      clearDirectory(place.path);
      renameSync(working, place.path);
    }
    this.files += 1;
    this.bytes += entry.size ?? 0;
    return complaints;
  }
}
