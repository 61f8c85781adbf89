/**
 * What a directory listing refers to, read off its bytes without taking it apart: a walk over a vault reads millions of
 * entries and wants nothing of them but ids. Only for listings in the canonical form that `encodeTree` gives; of any other
 * it says nothing, and `decodeTree` has to look.
 *
 * Why bytes can be searched: in canonical JSON every quote inside a string stands behind a backslash, so `"uid":` can only
 * be a key. Keys are sorted: every entry ends with its `uid` (one with extended attributes behind it is left to
 * `decodeTree`), and begins with its `blobs` where it has any.
 */
import type { BlobId } from './blob.ts';
import { entryName, type Tree, treeVersion } from './tree.ts';

export interface References {
  /** Subdirectories: names and listings. */
  readonly names: readonly string[];
  readonly trees: readonly BlobId[];
  /** Pieces of files, and chunk lists that name more. */
  readonly blobs: readonly BlobId[];
  readonly lists: readonly BlobId[];
}

const begin = '{"entries":[';
const end = `],"tree":${treeVersion}}`;
const idLength = 64;
/** An id in a list: two quotes and a comma. */
const stride = idLength + 3;
const blobsKey = '"blobs":[';
const listsKey = '"lists":[';
const nameKey = '"name":"';
const treeKey = '"tree":"';
const uidKey = '"uid":';

interface Found {
  readonly names: string[];
  readonly trees: BlobId[];
  readonly blobs: BlobId[];
  readonly lists: BlobId[];
}

/** `undefined` where only `decodeTree` can tell. */
export function referencesIn(bytes: Buffer): References | undefined {
  const text = bytes.toString('latin1');
  if (!text.startsWith(begin) || !text.endsWith(end)) return undefined;
  const found: Found = { names: [], trees: [], blobs: [], lists: [] };
  const last = text.length - end.length;
  for (let at = begin.length; at < last; ) {
    const uid = text.indexOf(uidKey, at);
    const close = text.indexOf('}', uid);
    if (uid < 0 || close >= last || !isCount(text, uid + uidKey.length, close)) return undefined;
    if (text[at] !== '{' || !readEntry(text, at + 1, uid, found)) return undefined;
    at = close + 1;
    if (at < last && text[at] !== ',') return undefined;
    at += 1;
  }
  return found;
}

/** From behind the brace to the `uid`. */
function readEntry(text: string, at: number, uid: number, found: Found): boolean {
  if (text.startsWith(blobsKey, at)) return readIds(text, at + blobsKey.length, uid, found.blobs);
  const entry = text.slice(at, uid);
  const lists = entry.indexOf(listsKey);
  if (lists >= 0 && !readIds(text, at + lists + listsKey.length, uid, found.lists)) return false;
  if (entry.includes(blobsKey)) return false;
  const tree = entry.indexOf(treeKey);
  return tree < 0 || readDirectory(entry, tree, found);
}

function readIds(text: string, from: number, uid: number, ids: BlobId[]): boolean {
  const close = text.indexOf(']', from);
  if (close < 0 || close > uid || (close > from && (close - from + 1) % stride !== 0)) return false;
  for (let at = from; at < close; at += stride) ids.push(text.slice(at + 1, at + 1 + idLength));
  return true;
}

/** The name of a directory stands right before its listing. */
function readDirectory(entry: string, tree: number, { names, trees }: Found): boolean {
  const from = tree + treeKey.length;
  const start = entry.lastIndexOf(nameKey, tree) + nameKey.length;
  if (start < nameKey.length || entry[from + idLength] !== '"' || entry.indexOf('"', start) !== tree - 2) return false;
  const name = entry.slice(start, tree - 2);
  if (name.includes('\\')) return false;
  names.push(Buffer.from(name, 'latin1').toString('utf8'));
  trees.push(entry.slice(from, from + idLength));
  return true;
}

function isCount(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return to > from;
}

/** The same of a listing that was taken apart. */
export function referencesOf({ entries }: Tree): References {
  const [names, trees, blobs, lists]: [string[], BlobId[], BlobId[], BlobId[]] = [[], [], [], []];
  for (const entry of entries) {
    if (entry.tree !== undefined) {
      names.push(`${entryName(entry)}`);
      trees.push(entry.tree);
    }
    for (const blob of entry.blobs ?? []) blobs.push(blob);
    for (const list of entry.lists ?? []) lists.push(list);
  }
  return { names, trees, blobs, lists };
}
