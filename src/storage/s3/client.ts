/** Makes the S3 client that the S3 store is given. One per region and process: connections are kept and shared. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3ClientOptions {
  readonly region: string;
  /** For stores that speak S3 and are not AWS, such as MinIO or a gateway: their URL. Buckets are then part of the path. */
  readonly endpoint?: string;
  /** Left out, the SDK looks for credentials where it always does: environment, profile, role. */
  readonly credentials?: S3ClientConfig['credentials'];
  /** Milliseconds without a byte in either direction until a request is given up. */
  readonly idleTimeout?: number;
  /** Milliseconds until the answer must begin, the upload included. */
  readonly requestTimeout?: number;
  readonly connections?: number;
}

export function s3Client(options: S3ClientOptions): S3Client {
  const agent = { keepAlive: true, maxSockets: options.connections ?? 64 };
  return new S3Client({
    region: options.region,
    // Attempts are repeated by the retrying wrapper alone. The SDK would also take the 412 that follows a lost answer for
    // somebody else's object.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: options.idleTimeout ?? 30_000,
      requestTimeout: options.requestTimeout ?? 300_000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
}
