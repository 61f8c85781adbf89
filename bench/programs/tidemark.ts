/** Tidemark as a user runs it: the command line, a plan file, a vault in a directory or behind S3. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as yaml from 'yaml';
import { type Cost, measured, type Outcome } from '../process.ts';
import { startBucket } from './bucket.ts';
import { type MeasuredVault, type Program, together } from './program.ts';

const script = path.join(import.meta.dirname, '..', '..', 'cli', 'tidemark.js');
const aDayLater = path.join(import.meta.dirname, 'later.ts');
const source = 'data';

/** `sealing`: encrypted, as the repositories of restic, rustic and Kopia always are. */
export function tidemark(version: string, sealing: 'none' | 'passphrase'): Program {
  const name = sealing === 'none' ? 'tidemark' : 'tidemark, sealed';
  return {
    ...{ name, version, note: `\`sealing: ${sealing}\`` },
    async newVault(place, folder) {
      const directory = path.join(place, 'vault');
      return { ...vaultAt({ place, folder, sealing, primary: { directory } }), place: directory };
    },
  };
}

/** Its first backup through an S3 server in another process on this machine, which keeps everything in memory. */
export function tidemarkS3(version: string): Program {
  return {
    ...{ name: 'tidemark, S3', version, note: '`sealing: none`, an S3 server on loopback in memory', steps: ['first'] },
    data: ['small', 'database', 'media'],
    async newVault(place, folder) {
      const bucket = await startBucket();
      const primary = { s3: { bucket: bucket.name, region: 'eu-central-1', endpoint: bucket.url } };
      const vault = vaultAt({ place, folder, sealing: 'none', primary, env: bucket.env });
      return { ...vault, place: undefined, close: () => bucket.stop() };
    },
  };
}

interface BackupSaid {
  readonly status: string;
  readonly jobs: readonly { readonly status: string; readonly files: number }[];
}

interface VaultOptions {
  readonly place: string;
  readonly folder: string;
  readonly sealing: string;
  readonly primary: object;
  readonly env?: Readonly<Record<string, string>>;
}

function vaultAt({ place, folder, sealing, primary, env: more }: VaultOptions): Omit<MeasuredVault, 'place'> {
  mkdirSync(place, { recursive: true });
  const plan = path.join(place, 'plan.yml');
  const write = (atLeast: number): void =>
    writeFileSync(
      plan,
      yaml.stringify({
        plan: 'bench',
        timeZone: 'UTC',
        vault: { primary, sealing },
        sources: [{ id: source, kind: 'files', path: folder }],
        cadences: { full: 'weekly', incremental: 'daily' },
        retention: { daily: '1 day', atLeast },
      }),
    );
  write(1000);
  const env = { TIDEMARK_PASSPHRASE: 'of no importance at all', ...more };
  const run = (node: readonly string[], verb: string, ...args: readonly string[]) =>
    measured({ program: process.execPath, args: [...node, script, verb, '--plan', plan, '--json', ...args], env });
  return {
    async backup(files) {
      const { cost, stdout } = await run([], 'backup');
      const said = JSON.parse(stdout) as BackupSaid;
      const whole = said.status === 'success' && said.jobs.length === 1 && said.jobs[0]!.files === files;
      if (!whole) throw new Error(`tidemark says ${stdout.trim()}, there are ${files} files`);
      return cost;
    },
    restore: async (target) => succeeded(await run([], 'restore', '--source', source, '--target', target)),
    verify: async () => succeeded(await run([], 'verify', '--read-all')),
    async retain(keep) {
      write(keep);
      const forgotten = await run([], 'prune');
      const collected = await run(['--import', aDayLater], 'prune');
      const left = (JSON.parse(collected.stdout) as PruneSaid).keep.length;
      if (left !== keep) throw new Error(`tidemark keeps ${left} snapshots instead of ${keep}`);
      return together([forgotten.cost, collected.cost]);
    },
  };
}

interface PruneSaid {
  readonly keep: readonly unknown[];
}

function succeeded({ cost, stdout }: Outcome): Cost {
  if ((JSON.parse(stdout) as { status: string }).status !== 'success')
    throw new Error(`tidemark says ${stdout.trim()}`);
  return cost;
}
