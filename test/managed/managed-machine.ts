/**
 * Tidemark on one machine that protects databases of an RDS which is on this machine too, spoken to over HTTP by the SDK. Both
 * go by one clock, so that a wait of the workflow is time in which the service works.
 */
import { onTestFinished } from 'vitest';
import type { Place } from '../../local/rds/place.ts';
import { type RdsOptions, type RdsServer, startRds } from '../../local/rds/server.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { type MachineWishes, type SmallMachine, smallMachine } from '../operations/small-machine.ts';

process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

export const home = 'eu-west-1';
export const away = 'eu-central-1';

export interface ManagedWishes extends Omit<MachineWishes, 'sources' | 'clock' | 'source'> {
  /** What the source says beyond its id, kind, region and endpoint. */
  readonly source?: string;
  readonly more?: readonly string[];
  readonly copies?: boolean;
  readonly fake?: RdsOptions;
  readonly given?: (rds: RdsServer) => void;
}

export interface ManagedMachine extends SmallMachine {
  readonly rds: RdsServer;
  /** ARN of the key of the other region. */
  readonly awayKey: string;
  /** What is there, without asking over HTTP. */
  there(region: string): Place;
}

export async function managedMachine(wishes: ManagedWishes = {}): Promise<ManagedMachine> {
  const { source: says = 'instance: node-network', more = [], copies = true, fake = {}, given, ...rest } = wishes;
  const clock = new VirtualClock(wishes.start ?? '2026-03-01T02:00:00Z');
  const rds = await startRds({ clock, ...fake });
  onTestFinished(() => rds.close());
  const homeKey = rds.place(home).addKey('home-key').arn;
  const awayKey = rds.place(away).addKey('away-key').arn;
  if (given) given(rds);
  else {
    rds.place(home).addInstance({
      DBInstanceIdentifier: 'node-network',
      Engine: 'postgres',
      StorageEncrypted: true,
      KmsKeyId: homeKey,
      TagList: [
        { Key: 'team', Value: 'network' },
        { Key: 'aws:cloudformation:stack-name', Value: 'network' },
      ],
    });
  }
  const copy = copies ? `, copies: [{ region: ${away}, key: "${awayKey}" }]` : '';
  const machine = await smallMachine({
    ...rest,
    clock,
    sources: [
      `- { id: primary, kind: rds, ${says}, region: ${home}, endpoint: "${rds.url}"${copy}, cadences: { logs: 15 minutes } }`,
      ...more.map((line) => line.replaceAll('$URL', rds.url).replaceAll('$KEY', awayKey)),
    ],
  });
  return { ...machine, rds, awayKey, there: (region) => rds.place(region).place };
}
