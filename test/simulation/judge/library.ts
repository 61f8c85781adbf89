/**
 * Everything that was ever stored, read by the format's own words and not by the engine: which pack holds which blobs, and
 * which blobs and files a snapshot is made of. Packs and trees never change, so what was read once stays read.
 */
import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { blobRecordLength, decodeIndex, decodeIndexObject } from '../../../src/format/index.ts';
import { decodeDirectory, locateDirectory } from '../../../src/format/pack.ts';
import { decodeChunkList, decodeTree } from '../../../src/format/tree.ts';

const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

export interface Tome {
  /** Ids of all blobs that it needs, listings too. */
  readonly needs: readonly string[];
  /** Contents of its files by path. */
  readonly files: ReadonlyMap<string, string>;
}

export class Library {
  readonly #blobs = new Map<string, Buffer>();
  /** Packs that hold a blob. */
  readonly #packs = new Map<string, string[]>();
  readonly #read = new Map<string, readonly string[]>();
  readonly #tomes = new Map<string, Tome>();

  /** Takes in a pack, if it is what its name says. */
  pack(id: string, bytes: Buffer): boolean {
    if (sha256(bytes) !== id) return false;
    if (this.#read.has(id)) return true;
    const { codec, plain, bytes: packed } = locateDirectory(bytes);
    const { frames } = decodeDirectory(expanded(codec, packed, plain));
    const ids: string[] = [];
    for (const frame of frames) {
      const content = expanded(frame.codec, bytes.subarray(frame.offset, frame.offset + frame.stored), frame.plain);
      let at = 0;
      for (const [blob, length] of frame.blobs) {
        const piece = Buffer.from(content.subarray(at, at + length));
        at += length;
        if (sha256(piece) !== blob) throw new Error(`pack ${id} says that it holds blob ${blob}, and does not`);
        ids.push(blob);
        this.#blobs.set(blob, piece);
        const packs = this.#packs.get(blob);
        if (packs) packs.push(id);
        else this.#packs.set(blob, [id]);
      }
    }
    this.#read.set(id, ids);
    return true;
  }

  blobsIn(pack: string): readonly string[] {
    return this.#read.get(pack) ?? [];
  }

  packsWith(blob: string): readonly string[] {
    return this.#packs.get(blob) ?? [];
  }

  /** What a snapshot with this root is made of; `undefined` when it was never stored whole. */
  tome(root: string): Tome | undefined {
    const known = this.#tomes.get(root);
    if (known) return known;
    const needs = new Set<string>();
    const files = new Map<string, string>();
    try {
      const blob = (id: string): Buffer => {
        needs.add(id);
        const bytes = this.#blobs.get(id);
        if (!bytes) throw new Error(`no pack ever held blob ${id}`);
        return bytes;
      };
      const walk = (tree: string, path: string): void => {
        for (const entry of decodeTree(blob(tree)).entries) {
          if (entry.tree !== undefined) walk(entry.tree, `${path}${entry.name}/`);
          if (entry.type !== 'file') continue;
          const ids = [...(entry.blobs ?? []), ...(entry.lists ?? []).flatMap((list) => decodeChunkList(blob(list)))];
          files.set(`${path}${entry.name}`, Buffer.concat(ids.map(blob)).toString());
        }
      };
      walk(root, '');
    } catch {
      return undefined;
    }
    const tome = { needs: [...needs], files };
    this.#tomes.set(root, tome);
    return tome;
  }
}

function expanded(codec: 'zstd' | 'raw', bytes: Uint8Array, plain: number): Buffer {
  const content = codec === 'raw' ? Buffer.from(bytes) : zstdDecompressSync(bytes);
  if (content.length !== plain) throw new Error(`a frame has ${content.length} bytes instead of ${plain}`);
  return content;
}

/** The packs that a segment tells of, with what it says about each; `undefined` for one that is damaged. */
export function segmentOf(name: string, bytes: Buffer): ReadonlyMap<string, readonly string[]> | undefined {
  if (sha256(bytes) !== name) return undefined;
  const { codec, payloadLength, packed } = decodeIndexObject(bytes);
  const packs = decodeIndex(expanded(codec, packed, payloadLength));
  return new Map(packs.map(({ id, frames }) => [id, frames.flatMap(({ blobs }) => blobIds(blobs))]));
}

function blobIds(records: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at < records.length; at += blobRecordLength) ids.push(records.toString('hex', at, at + 32));
  return ids;
}
