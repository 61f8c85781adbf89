/**
 * A small S3 on 127.0.0.1, in memory, for the real SDK to talk to. It keeps the rules that Tidemark relies on as Amazon's
 * documentation states them (the page is named at each rule), and refuses what it does not know instead of guessing.
 * Trouble can be injected: per operation, for so many requests. It does not check signatures.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerWith, S3Bucket, S3Error, type S3Operation, type Trouble } from './bucket.ts';

export interface S3ServerOptions {
  readonly bucket?: string;
  readonly pageSize?: number;
  /** Before every page comes an empty one that says there is more. */
  readonly emptyPages?: boolean;
  readonly accessKey?: string;
}

export interface SeenRequest {
  readonly operation: S3Operation;
  readonly headers: IncomingMessage['headers'];
  /** Keys asked to be deleted, or objects listed. */
  count: number;
}

export class S3Server {
  readonly bucket: S3Bucket;
  readonly requests: SeenRequest[] = [];
  readonly #options: Required<S3ServerOptions>;
  readonly #server: Server;
  #troubles: { trouble: Trouble; wait: number; left: number }[] = [];

  private constructor(options: S3ServerOptions) {
    this.#options = { bucket: 'vault', pageSize: 1000, emptyPages: false, accessKey: 'test', ...options };
    this.bucket = new S3Bucket(this.#options.pageSize, this.#options.emptyPages);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (response.destroyed) return;
        if (error instanceof S3Error) return error.send(response, request.method === 'HEAD');
        response.destroy(error as Error);
      });
    });
  }

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = new S3Server(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  inject(trouble: Trouble): void {
    this.#troubles.push({ trouble, wait: trouble.after ?? 0, left: trouble.times ?? 1 });
  }

  /** Throws when a trouble was injected and never met. */
  requireAllFired(): void {
    const unmet = this.#troubles.filter(({ left }) => left > 0).map(({ trouble }) => trouble);
    if (unmet.length > 0) throw new Error(`injected trouble that never happened: ${JSON.stringify(unmet)}`);
  }

  count(operation: S3Operation): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const operation = operationOf(request.method ?? '', key, url.searchParams);
    const seen: SeenRequest = { operation, headers: request.headers, count: 0 };
    this.requests.push(seen);
    const body = await bodyOf(request);
    const trouble = this.#due(operation);
    if (trouble?.kind === 'drop') return void request.socket.destroy();
    if (trouble?.kind === 'hang') return;
    if (trouble?.kind === 'error') throw new S3Error(trouble.status, trouble.code, 'injected');
    if (trouble?.kind === 'garbage') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in to this network');
      return;
    }
    this.#authorize(request, bucket);
    const answer = this.bucket.perform(
      operation,
      key,
      { headers: request.headers, query: url.searchParams, body },
      trouble,
    );
    seen.count = answer.count ?? 0;
    if (trouble?.kind === 'lost-answer') return void request.socket.destroy();
    answerWith(response, answer, request.method === 'HEAD', trouble);
  }

  #due(operation: S3Operation): Trouble | undefined {
    for (const entry of this.#troubles) {
      if (entry.trouble.operation !== operation || entry.left === 0) continue;
      if (entry.wait > 0) entry.wait -= 1;
      else {
        entry.left -= 1;
        return entry.trouble;
      }
    }
    return undefined;
  }

  /** Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList */
  #authorize(request: IncomingMessage, bucket: string): void {
    const authorization = request.headers.authorization ?? '';
    if (!authorization.includes(`Credential=${this.#options.accessKey}/`)) {
      throw new S3Error(
        403,
        'InvalidAccessKeyId',
        'The AWS access key ID that you provided does not exist in our records.',
      );
    }
    if (bucket !== this.#options.bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  }
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation {
  if (key === '' && method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
  if (key === '' && method === 'POST' && query.has('delete')) return 'DeleteObjects';
  if (key !== '' && method === 'PUT') return 'PutObject';
  if (key !== '' && method === 'GET') return 'GetObject';
  if (key !== '' && method === 'HEAD') return 'HeadObject';
  throw new S3Error(501, 'NotImplemented', `${method} of this kind is not known here`);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
