/** The rules of one S3 bucket, without HTTP: what each operation checks, does and answers. Part of s3-server.ts. */
import { createHash, hash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { systemClock } from '../../src/core/clock.ts';

export type S3Operation = 'PutObject' | 'GetObject' | 'HeadObject' | 'ListObjectsV2' | 'DeleteObjects';

export type Trouble = {
  readonly operation: S3Operation;
  /** How many requests are hit; one if not said. */
  readonly times?: number;
  /** How many requests of the operation pass before. */
  readonly after?: number;
} & (
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  /** The connection breaks: before anything is done, or after everything is. */
  | { readonly kind: 'drop' | 'lost-answer' }
  /** No answer, or only half of one. */
  | { readonly kind: 'hang' | 'stall' | 'cut' }
  | { readonly kind: 'flip' }
  /** An answer of 200 that is no S3 at all. */
  | { readonly kind: 'garbage' }
  /** Lists that break the rules. */
  | { readonly kind: 'no-token' | 'same-page' | 'disorder' | 'duplicate' }
  /** DeleteObjects: these keys are answered with an error, or not at all. */
  | { readonly kind: 'keep'; readonly keys: readonly string[]; readonly silent?: boolean }
);

interface Stored {
  readonly bytes: Buffer;
  readonly modified: Date;
  readonly sha256: string | undefined;
}

interface S3Request {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  readonly count?: number;
}

export class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** An answer to HEAD has no body: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  send(response: ServerResponse, head: boolean): void {
    const body = xml('Error', `<Code>${this.code}</Code><Message>${this.message}</Message><RequestId>1</RequestId>`);
    response.writeHead(this.status, { 'content-type': 'application/xml' }).end(head ? undefined : body);
  }
}

export class S3Bucket {
  readonly objects = new Map<string, Stored>();
  readonly #pageSize: number;
  readonly #emptyPages: boolean;

  constructor(pageSize: number, emptyPages: boolean) {
    this.#pageSize = pageSize;
    this.#emptyPages = emptyPages;
  }

  perform(operation: S3Operation, key: string, request: S3Request, trouble: Trouble | undefined): S3Answer {
    switch (operation) {
      case 'PutObject':
        return this.#put(key, request);
      case 'GetObject':
        return this.#get(key, request);
      case 'HeadObject':
        return { ...this.#get(key, { ...request, headers: { ...request.headers, range: undefined } }) };
      case 'ListObjectsV2':
        return this.#list(request.query, trouble);
      case 'DeleteObjects':
        return this.#delete(request, trouble);
    }
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
  #put(key: string, { headers, body }: S3Request): S3Answer {
    if (headers['content-encoding']?.includes('aws-chunked')) {
      throw new S3Error(501, 'NotImplemented', 'aws-chunked is not known here; Tidemark puts whole buffers');
    }
    checkBody(headers, body);
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    const condition = headers['if-none-match'];
    if (condition !== undefined && condition !== '*') {
      throw new S3Error(501, 'NotImplemented', 'If-None-Match takes * only');
    }
    if (condition === '*' && this.objects.has(key)) {
      throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    }
    const sha256 = headers['x-amz-checksum-sha256'] as string | undefined;
    // Dates are kept in whole seconds: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    const modified = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    this.objects.set(key, { bytes: body, modified, sha256 });
    return { status: 200, headers: { etag: etagOf(body), ...(sha256 ? { 'x-amz-checksum-sha256': sha256 } : {}) } };
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
  #get(key: string, { headers }: S3Request): S3Answer {
    const stored = this.objects.get(key);
    if (!stored) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    const common = {
      'last-modified': stored.modified.toUTCString(),
      etag: etagOf(stored.bytes),
      'accept-ranges': 'bytes',
    };
    const range = headers.range;
    if (range === undefined) {
      // https://docs.aws.amazon.com/AmazonS3/latest/API/API_Checksum.html
      const checksum: Record<string, string> =
        headers['x-amz-checksum-mode'] === 'ENABLED' && stored.sha256 !== undefined
          ? { 'x-amz-checksum-sha256': stored.sha256, 'x-amz-checksum-type': 'FULL_OBJECT' }
          : {};
      return { status: 200, headers: { ...common, ...checksum }, body: stored.bytes };
    }
    // https://www.rfc-editor.org/rfc/rfc9110#name-range-requests : the end may lie behind the object, the start may not.
    const match = /^bytes=(\d+)-(\d+)$/.exec(range);
    if (!match) throw new S3Error(501, 'NotImplemented', 'ranges of this kind are not known here');
    const [first, last] = [Number(match[1]), Math.min(Number(match[2]), stored.bytes.length - 1)];
    if (first > last) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
    return {
      status: 206,
      headers: { ...common, 'content-range': `bytes ${first}-${last}/${stored.bytes.length}` },
      body: stored.bytes.subarray(first, last + 1),
    };
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html : UTF-8 binary order, at most 1,000 a page. */
  #list(query: URLSearchParams, trouble: Trouble | undefined): S3Answer {
    const prefix = query.get('prefix') ?? '';
    const size = Math.min(Number(query.get('max-keys') ?? 1000), this.#pageSize, 1000);
    const token = query.get('continuation-token');
    const { after, filled } = token === null ? { after: undefined, filled: false } : parseToken(token);
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || compare(key, after) > 0))
      .sort(compare);
    const empty = this.#emptyPages && !filled;
    let page = empty ? [] : keys.slice(0, size);
    const more = empty || keys.length > page.length;
    const next = more ? makeToken(page.at(-1) ?? after, empty) : undefined;
    if (trouble?.kind === 'disorder') page = page.toReversed();
    if (trouble?.kind === 'duplicate') page = [page[0] ?? '', ...page];
    const shown = trouble?.kind === 'no-token' ? undefined : trouble?.kind === 'same-page' ? (token ?? next) : next;
    const contents = page.map((key) => this.#describe(key)).join('');
    const truncated = trouble?.kind === 'no-token' || trouble?.kind === 'same-page' || more;
    const tail = shown === undefined ? '' : `<NextContinuationToken>${shown}</NextContinuationToken>`;
    return {
      status: 200,
      body: xml(
        'ListBucketResult',
        `<Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><IsTruncated>${truncated}</IsTruncated>${tail}${contents}`,
      ),
      count: page.length,
    };
  }

  #describe(key: string): string {
    const { bytes, modified } = this.objects.get(key) as Stored;
    const date = `<LastModified>${modified.toISOString()}</LastModified>`;
    return `<Contents><Key>${escapeXml(key)}</Key>${date}<ETag>${escapeXml(etagOf(bytes))}</ETag><Size>${bytes.length}</Size></Contents>`;
  }

  /**
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html : up to 1,000 keys, a checksum is required, the
   * answer is 200 with the fate of each key, and a key that is not there counts as deleted.
   */
  #delete({ headers, body }: S3Request, trouble: Trouble | undefined): S3Answer {
    if (!checkBody(headers, body) && headers['content-md5'] === undefined) {
      throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 or a checksum');
    }
    const keys = [...body.toString().matchAll(/<Key>(.*?)<\/Key>/g)].map((match) => unescapeXml(match[1] ?? ''));
    if (keys.length > 1000 || keys.length === 0) {
      throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed');
    }
    const quiet = body.includes('<Quiet>true</Quiet>');
    const kept = trouble?.kind === 'keep' ? trouble.keys : [];
    const answers = keys.map((key) => {
      if (!kept.includes(key)) {
        this.objects.delete(key);
        return quiet ? '' : `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`;
      }
      if (trouble?.kind === 'keep' && trouble.silent) return '';
      return `<Error><Key>${escapeXml(key)}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`;
    });
    return { status: 200, body: xml('DeleteResult', answers.join('')), count: keys.length };
  }
}

/**
 * Whatever digest of the body a request carries is checked before anything else happens; true when there was a checksum.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html (BadDigest) and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (XAmzContentSHA256Mismatch)
 */
function checkBody(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const payload = headers['x-amz-content-sha256'];
  if (typeof payload === 'string' && /^[0-9a-f]{64}$/.test(payload) && payload !== hash('sha256', body, 'hex')) {
    throw new S3Error(
      400,
      'XAmzContentSHA256Mismatch',
      'The provided x-amz-content-sha256 does not match what was computed.',
    );
  }
  const sent = Object.entries(headers).filter(([name]) => /^x-amz-checksum-(?!mode|type|algorithm)/.test(name));
  for (const [name, value] of sent) {
    const algorithm = name.slice('x-amz-checksum-'.length);
    if (Buffer.from(String(value), 'base64').length !== digestOf(algorithm, body).length) {
      throw new S3Error(400, 'InvalidRequest', `Value for ${name} header is invalid.`);
    }
    if (digestOf(algorithm, body).toString('base64') !== value) {
      throw new S3Error(400, 'BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
    }
  }
  return sent.length > 0;
}

function digestOf(algorithm: string, body: Buffer): Buffer {
  if (algorithm === 'sha256') return createHash('sha256').update(body).digest();
  if (algorithm !== 'crc32') throw new S3Error(501, 'NotImplemented', `${algorithm} is not known here`);
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(body));
  return digest;
}

/** The body as it goes out: whole, or as an injected trouble leaves it. */
export function answerWith(
  response: ServerResponse,
  answer: S3Answer,
  head: boolean,
  trouble: Trouble | undefined,
): void {
  const body = answer.body ?? Buffer.alloc(0);
  response.writeHead(answer.status, {
    'content-length': body.length,
    'content-type': 'application/xml',
    ...answer.headers,
  });
  if (head) return void response.end();
  if (trouble?.kind === 'flip') {
    const flipped = Buffer.from(body);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
    return void response.end(flipped);
  }
  if (trouble?.kind !== 'cut' && trouble?.kind !== 'stall') return void response.end(body);
  response.write(body.subarray(0, body.length >> 1), () => {
    if (trouble.kind === 'cut') response.destroy();
  });
}

const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
const etagOf = (bytes: Buffer): string => `"${hash('md5', bytes, 'hex')}"`;
const xml = (name: string, content: string): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`,
  );
const escapeXml = (value: string): string => value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const unescapeXml = (value: string): string =>
  value
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');

/** Tokens mean nothing to the client. */
function makeToken(after: string | undefined, filled: boolean): string {
  return Buffer.from(JSON.stringify({ after, filled })).toString('base64url');
}

function parseToken(token: string): { after: string | undefined; filled: boolean } {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as { after: string | undefined; filled: boolean };
  } catch {
    throw new S3Error(400, 'InvalidArgument', 'The continuation token provided is incorrect');
  }
}
