/** A fake with a clock that stands still, and real SDK clients to two regions. */
import { RDSClient, type RDSClientConfig } from '@aws-sdk/client-rds';
import { afterEach } from 'vitest';
import { type RdsOptions, type RdsServer, startRds } from '../../local/rds/server.ts';
import { VirtualClock } from '../../src/core/clock.ts';

export const start = '2026-03-02T00:00:00Z';
export const minutes = (count: number): number => count * 60_000;
export const hours = (count: number): number => count * 3_600_000;
export const days = (count: number): number => count * 86_400_000;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

export interface Given {
  readonly rds: RdsServer;
  readonly clock: VirtualClock;
  readonly west: RDSClient;
  readonly central: RDSClient;
  client(region: string, more?: RDSClientConfig): RDSClient;
  /** The same service as another account sees it. */
  other(region: string): RDSClient;
}

export async function given(options: RdsOptions = {}): Promise<Given> {
  const clock = new VirtualClock(start);
  const rds = await startRds({ clock, accounts: { other: '999999999999' }, ...options });
  open.push(rds);
  const client = (region: string, more: RDSClientConfig = {}): RDSClient =>
    new RDSClient({
      region,
      endpoint: rds.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      ...more,
    });
  const other = (region: string): RDSClient =>
    client(region, { credentials: { accessKeyId: 'other', secretAccessKey: 'test' } });
  return { rds, clock, west: client('eu-west-1'), central: client('eu-central-1'), client, other };
}

/** Name and message of what a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  throw new Error('it was not refused');
}
