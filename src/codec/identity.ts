/** How a blob gets its name: by its content alone, so that equal blobs are stored once and damage shows. */
import { createHmac, hash } from 'node:crypto';

/** 64 lower-case hexadecimal digits. */
export type Identify = (bytes: Uint8Array) => string;

export const sha256: Identify = (bytes) => hash('sha256', bytes, 'hex');

/** With a key, ids tell nothing about the content to those who do not have it. */
export function keyedIdentity(key: Uint8Array): Identify {
  return (bytes) => createHmac('sha256', key).update(bytes).digest('hex');
}

/** SHA-256 of a large buffer on the thread pool, so that the main thread can go on. */
export async function sha256InBackground(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
