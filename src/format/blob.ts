/** A blob is one content-addressed piece: a chunk of a file, a directory listing or a chunk list. */

/** 64 lower-case hexadecimal digits: SHA-256 of the content, or HMAC-SHA-256 in a sealed vault. */
export type BlobId = string;

/** What a blob holds. Data and metadata travel in packs of their own, so that trees can be read without the data. */
export type BlobKind = 'data' | 'tree';

const pattern = /^[0-9a-f]{64}$/;

export function isBlobId(value: unknown): value is BlobId {
  return typeof value === 'string' && pattern.test(value);
}
