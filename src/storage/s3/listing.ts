/**
 * All pages of a listing, each checked: a page may be empty and still not the last; a listing that says there is more
 * and not where, that comes back to a page, or that is out of order, is refused. A list that cannot be proven complete is
 * worse than none: what is missing from it would look like garbage.
 */
import { type _Object, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { fail } from '../../core/errors.ts';
import { isObjectKey, type ObjectInfo } from '../port.ts';
import { s3Failure } from './failures.ts';

export interface Listing {
  readonly client: S3Client;
  readonly bucket: string;
  /** For messages. */
  readonly name: string;
  /** Objects per page; S3 gives at most 1,000, which is also what it gives unasked. */
  readonly pageSize: number | undefined;
}

export async function* listObjects(listing: Listing, prefix: string): AsyncGenerator<ObjectInfo> {
  const seen = new Set<string>();
  let token: string | undefined;
  let last: Buffer | undefined;
  do {
    const page = await nextPage(listing, prefix, token);
    for (const object of page.objects) {
      last = requireOrder(listing, prefix, last, object);
      const info = describe(listing, object);
      // Keys that no store of ours can have written, such as the "folders" that consoles make, are no objects of a vault.
      if (isObjectKey(info.key)) yield info;
    }
    token = page.next;
    if (token !== undefined && seen.has(token)) lawBroken(listing, prefix, 'the next page is one that came before');
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
}

async function nextPage(
  listing: Listing,
  prefix: string,
  token: string | undefined,
): Promise<{ objects: readonly _Object[]; next: string | undefined }> {
  const command = new ListObjectsV2Command({
    Bucket: listing.bucket,
    Prefix: prefix,
    MaxKeys: listing.pageSize,
    ContinuationToken: token,
  });
  try {
    const answer = await listing.client.send(command);
    if (answer.IsTruncated && !answer.NextContinuationToken) {
      lawBroken(listing, prefix, 'it says that there is more and not where');
    }
    return { objects: answer.Contents ?? [], next: answer.IsTruncated ? answer.NextContinuationToken : undefined };
  } catch (error) {
    throw s3Failure(error, `list ${listing.name}/${prefix}`);
  }
}

function requireOrder(listing: Listing, prefix: string, last: Buffer | undefined, object: _Object): Buffer {
  const key = object.Key ?? lawBroken(listing, prefix, 'an object has no key');
  if (!key.startsWith(prefix)) lawBroken(listing, prefix, `${JSON.stringify(key)} is not under the prefix`);
  const bytes = Buffer.from(key); // S3 orders by UTF-8 bytes; strings would compare by UTF-16.
  if (last && Buffer.compare(last, bytes) >= 0) {
    lawBroken(listing, prefix, `${JSON.stringify(key)} comes after ${JSON.stringify(last.toString())}`);
  }
  return bytes;
}

function describe(listing: Listing, object: _Object): ObjectInfo {
  const { Key: key = '', Size: size, LastModified: modified } = object;
  if (size === undefined || modified === undefined) return lawBroken(listing, key, `${key} has no size or date`);
  return { key, size, modified };
}

function lawBroken(listing: Listing, prefix: string, what: string): never {
  return fail('StoreLawBroken', `the listing of ${listing.name}/${prefix} cannot be complete and in order: ${what}`, {
    hint: 'Nothing may be deleted by such a list. Use a general purpose bucket of S3, or a store that keeps the laws.',
    context: { prefix },
  });
}
