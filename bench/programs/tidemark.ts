/** Tidemark as a user runs it: the command line, a plan file, a vault in a directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as yaml from 'yaml';
import { measured } from '../process.ts';
import type { MeasuredVault, Program } from './program.ts';

const script = path.join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const source = 'data';

/** `sealing`: encrypted, as restic's repositories always are. */
export function tidemark(version: string, sealing: 'none' | 'passphrase'): Program {
  const name = sealing === 'none' ? 'tidemark' : 'tidemark, sealed';
  const note = sealing === 'none' ? '`sealing: none`' : '`sealing: passphrase`';
  return { name, version, note, newVault: (place, folder) => newVault(place, folder, sealing) };
}

interface BackupSaid {
  readonly status: string;
  readonly jobs: readonly { readonly status: string; readonly files: number }[];
}

async function newVault(place: string, folder: string, sealing: string): Promise<MeasuredVault> {
  mkdirSync(place, { recursive: true });
  const plan = path.join(place, 'plan.yml');
  const vault = path.join(place, 'vault');
  writeFileSync(
    plan,
    yaml.stringify({
      plan: 'bench',
      timeZone: 'UTC',
      vault: { primary: { directory: vault }, sealing },
      sources: [{ id: source, kind: 'files', path: folder }],
      cadences: { full: 'weekly', incremental: 'daily' },
      retention: { daily: '7 days', atLeast: 3 },
    }),
  );
  const env = { TIDEMARK_PASSPHRASE: 'of no importance at all' };
  const run = (verb: string, ...args: readonly string[]) =>
    measured({ program: process.execPath, args: [script, verb, '--plan', plan, '--json', ...args], env });
  return {
    place: vault,
    async backup(files) {
      const { cost, stdout } = await run('backup');
      const said = JSON.parse(stdout) as BackupSaid;
      const whole = said.status === 'success' && said.jobs.length === 1 && said.jobs[0]!.files === files;
      if (!whole) throw new Error(`tidemark says ${stdout.trim()}, there are ${files} files`);
      return cost;
    },
    restore: async (target) => succeeded(await run('restore', '--source', source, '--target', target)),
    verify: async () => succeeded(await run('verify', '--read-all')),
  };
}

function succeeded({ cost, stdout }: Awaited<ReturnType<typeof measured>>): typeof cost {
  if ((JSON.parse(stdout) as { status: string }).status !== 'success')
    throw new Error(`tidemark says ${stdout.trim()}`);
  return cost;
}
