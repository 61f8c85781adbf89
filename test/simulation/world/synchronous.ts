/**
 * Replaces what the codecs leave to the thread pool by the same work done at once: threads end when they like, and a
 * history has to go the same way each time. Imported before anything else of the project.
 */
import { hash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

type Answer = (error: Error | null, bytes?: Buffer) => void;

/** An answer comes later, as callers expect, and before anything else that waits. */
function answering(work: (bytes: Buffer, options: object) => Buffer) {
  return (bytes: Buffer, options: object, answer: Answer): void => {
    let made: Buffer | undefined;
    let failure: Error | null = null;
    try {
      made = work(bytes, options);
    } catch (error) {
      failure = error as Error;
    }
    queueMicrotask(() => answer(failure, made));
  };
}

const replaced = zlib as unknown as Record<string, unknown>;
replaced.zstdCompress = answering(zlib.zstdCompressSync);
replaced.zstdDecompress = answering(zlib.zstdDecompressSync);
syncBuiltinESMExports();

crypto.subtle.digest = async (algorithm, bytes) => {
  if (algorithm !== 'SHA-256') throw new Error(`the simulation knows no ${JSON.stringify(algorithm)}`);
  const sum = hash('sha256', bytes as Uint8Array, 'buffer');
  return sum.buffer.slice(sum.byteOffset, sum.byteOffset + sum.byteLength) as ArrayBuffer;
};
