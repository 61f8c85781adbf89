/** A blob is one content-addressed piece: a chunk of a file, a directory listing or a chunk list. */

/** 64 lower-case hexadecimal digits: SHA-256 of the content, or HMAC-SHA-256 in a sealed vault. */
export type BlobId = string;

/** What a blob holds. Data and metadata travel in packs of their own, so that trees can be read without the data. */
export type BlobKind = 'data' | 'tree';

/** Looking for what must not be there takes a third of the time that matching all 64 does. */
const foreign = /[^0-9a-f]/;

export function isBlobId(value: unknown): value is BlobId {
  return typeof value === 'string' && value.length === 64 && !foreign.test(value);
}
