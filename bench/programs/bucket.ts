/**
 * An S3 server on loopback in a process of its own: the one of the project's tests, which keeps S3's rules, checks every
 * digest, and holds everything in memory. What Tidemark waits for is therefore this server, and no network or disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const server = pathToFileURL(path.join(import.meta.dirname, '../../local/s3/server.ts')).href;

/** Ends when the bench does: then its standard input ends. */
const script = `
const { S3Server } = await import(${JSON.stringify(server)});
const server = await S3Server.start();
process.stdin.resume().on('close', () => process.exit());
console.log(server.url);`;

export interface RunningBucket {
  readonly name: string;
  readonly url: string;
  /** Credentials that it takes. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startBucket(): Promise<RunningBucket> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [unknown];
  const url = String(line).trim();
  if (!url.startsWith('http://127.0.0.1:')) throw new Error(`the S3 server did not start: ${url}`);
  return {
    ...{ name: 'vault', url },
    env: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_EC2_METADATA_DISABLED: 'true' },
    async stop() {
      child.stdin.destroy();
      await ended;
    },
  };
}
