/**
 * The S3 store: objects in a bucket of Amazon S3, or of anything that speaks S3 and keeps the laws (docs/stores.md).
 *
 * Every put carries the SHA-256 of its bytes, so that S3 refuses them when they changed on the way, and keeps it: reads of
 * whole objects are checked against it. Conditional creates are `If-None-Match: *`. Objects are put in one request,
 * never in parts: packs are at most about 64 MiB, S3 takes 5 GiB, and the checksum of an object in parts is not the
 * checksum of its bytes. An ETag is never taken for a checksum.
 *
 * This folder's files are the only ones that know the SDK. Nothing is tried again here, except a create that S3 itself
 * says to repeat; wrap the store in `retrying`.
 */
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type Clock, systemClock } from '../core/clock.ts';
import { fail } from '../core/errors.ts';
import { failShort, requireKey, requireKeys, requirePrefix, requireRange, sha256Of } from './checks.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from './port.ts';
import { prefixed } from './prefixed.ts';
import { deleteObjects } from './s3/deleting.ts';
import { attemptsOf, codeOf, s3Failure, statusOf } from './s3/failures.ts';
import { listObjects } from './s3/listing.ts';

export { s3Client } from './s3/client.ts';

export interface S3StoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** The vault's folder in the bucket. */
  readonly prefix?: string;
  /** Objects per page of a listing; for tests. */
  readonly pageSize?: number;
  readonly clock?: Clock;
}

export function s3Store(options: S3StoreOptions): ObjectStore {
  const store = new S3Store(options);
  return options.prefix ? prefixed(store, options.prefix) : store;
}

/** How often a create that met another one is repeated; the other one has normally won by the second time. */
const conflictPauses = [50, 100, 200, 400, 800];

class S3Store implements ObjectStore {
  readonly name: string;
  readonly capabilities = { conditionalCreate: true, nativeChecksum: true, objectLock: true };
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #pageSize: number | undefined;
  readonly #clock: Clock;
  /** Until it has been seen once, a missing bucket looks like a missing object to a HEAD. */
  #bucketSeen = false;

  constructor(options: S3StoreOptions) {
    this.#client = options.client;
    this.#bucket = options.bucket;
    this.#pageSize = options.pageSize;
    this.#clock = options.clock ?? systemClock;
    this.name = `s3://${options.bucket}`;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    requireKey(key);
    const sha256 = options.sha256 ?? sha256Of(bytes);
    for (const pause of [...conflictPauses, undefined]) {
      try {
        return await this.#putOnce(key, bytes, sha256, options.ifAbsent ?? false);
      } catch (error) {
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 409 under races, to be retried.
        this.#requireFirstAttempt(error, key);
        const conflict = options.ifAbsent === true && statusOf(error) === 409;
        if (!conflict || pause === undefined) throw s3Failure(error, `put ${key} into ${this.name}`);
        await this.#clock.sleep(pause);
      }
    }
  }

  async get(key: string, range?: ByteRange): Promise<Buffer> {
    requireKey(key);
    if (range) requireRange(range);
    if (range?.length === 0) return this.#getNothing(key, range);
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ...(range ? { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : { ChecksumMode: 'ENABLED' }),
    });
    try {
      const answer = await this.#client.send(command);
      const bytes = await bodyOf(answer, `${key} in ${this.name}`);
      if (range && bytes.length !== range.length) return this.#failWrongLength(key, range, answer, bytes.length);
      return bytes;
    } catch (error) {
      if (range && statusOf(error) === 416) {
        return failShort(`${key} in ${this.name}`, range, (await this.head(key))?.size ?? 0);
      }
      throw s3Failure(error, `get ${key} from ${this.name}`);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    requireKey(key);
    try {
      const answer = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      this.#bucketSeen = true;
      const { ContentLength: size, LastModified: modified } = answer;
      if (size !== undefined && modified !== undefined) return { key, size, modified };
    } catch (error) {
      const missing = codeOf(error) === 'NotFound' || codeOf(error) === 'NoSuchKey';
      if (missing && this.#bucketSeen) return undefined;
      const obstacle = missing || codeOf(error) === 'Unknown' ? await this.#obstacle(key) : error;
      if (missing && obstacle === undefined) return undefined;
      throw s3Failure(obstacle ?? error, `look at ${key} in ${this.name}`);
    }
    return fail('StoreLawBroken', `${this.name} does not say how large ${key} is, or how old`, { context: { key } });
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    requirePrefix(prefix);
    yield* listObjects(
      { client: this.#client, bucket: this.#bucket, name: this.name, pageSize: this.#pageSize },
      prefix,
    );
  }

  async delete(keys: readonly string[]): Promise<void> {
    requireKeys(keys);
    await deleteObjects(this.#client, this.#bucket, this.name, keys);
  }

  async #putOnce(key: string, bytes: Uint8Array, sha256: string, ifAbsent: boolean): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
    });
    // The signature covers the SHA-256 of the body as well. Given here, it is not computed a second time, and stores that
    // look at no checksum but check the signature refuse wrong bytes too.
    command.middlewareStack.add(
      (next) => (step) => {
        (step.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
        return next(step);
      },
      { step: 'build', name: 'knownPayloadHash' },
    );
    await this.#client.send(command);
    this.#bucketSeen = true;
  }

  /** A client that repeats requests by itself may meet its own object: that is a lost answer, not a lost race. */
  #requireFirstAttempt(error: unknown, key: string): void {
    if (statusOf(error) !== 412 || attemptsOf(error) === 1) return;
    fail('StoreUnreachable', `the answer to a put of ${key} into ${this.name} was lost; the object is there now`, {
      hint: 'Use a client with maxAttempts 1 inside the retrying wrapper, which finds out whose object it is.',
      context: { key },
      cause: error,
    });
  }

  /** No range of HTTP has no bytes; the object has to be there and long enough all the same. */
  async #getNothing(key: string, range: ByteRange): Promise<Buffer> {
    const found = await this.head(key);
    if (!found) return fail('ObjectMissing', `${key} is not in ${this.name}`, { context: { key } });
    if (range.offset > found.size) return failShort(`${key} in ${this.name}`, range, found.size);
    return Buffer.alloc(0);
  }

  #failWrongLength(key: string, range: ByteRange, answer: GetObjectCommandOutput, length: number): never {
    const size = Number(answer.ContentRange?.split('/')[1]);
    if (range.offset + range.length > size) failShort(`${key} in ${this.name}`, range, size);
    return fail('StoreLawBroken', `${this.name} gave ${length} bytes of ${key} when asked for ${range.length}`, {
      hint: 'Use a store that keeps to the Range header.',
      context: { key, ...range },
    });
  }

  /** The answer to a HEAD has no body that says why; a list of one object meets the same obstacle and says what it is. */
  async #obstacle(key: string): Promise<unknown> {
    try {
      await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: key, MaxKeys: 1 }));
      this.#bucketSeen = true;
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

/** The body, all of it: a connection that ends early must not pass for a short object. */
async function bodyOf(answer: GetObjectCommandOutput, what: string): Promise<Buffer> {
  const length = answer.ContentLength ?? fail('StoreLawBroken', `the answer does not say how long ${what} is`);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for await (const part of answer.Body as AsyncIterable<Uint8Array>) {
    if (at + part.length <= length) bytes.set(part, at);
    at += part.length;
  }
  if (at === length) return bytes;
  return fail('StoreUnreachable', `the answer ended after ${at} of ${length} bytes of ${what}`, { hint: 'Try again.' });
}
