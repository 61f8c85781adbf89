/** restic, as its manual says to use it: a local repository, its own cache, defaults otherwise. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import type { MeasuredVault, Program } from './program.ts';

/** Undefined when restic is not installed. */
export function restic(): Program | undefined {
  const version = installedVersion('restic', 'version');
  return version === undefined ? undefined : { name: 'restic', version, note: 'always encrypts', newVault };
}

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  const repository = path.join(place, 'repository');
  mkdirSync(place, { recursive: true });
  const env = { RESTIC_PASSWORD: 'of no importance', RESTIC_CACHE_DIR: path.join(place, 'cache') };
  const run = (args: readonly string[], cwd?: string) =>
    measured({ program: 'restic', args: ['-r', repository, ...args], env, ...(cwd !== undefined && { cwd }) });
  await run(['init']);
  return {
    place: repository,
    async backup(files) {
      const { cost, stdout } = await run(['backup', '--json', '.'], folder);
      const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as { total_files_processed: number };
      if (summary.total_files_processed !== files) {
        throw new Error(`restic backed up ${summary.total_files_processed} of ${files} files`);
      }
      return cost;
    },
    restore: async (target) => (await run(['restore', 'latest', '--target', target])).cost,
    verify: async () => (await run(['check', '--read-data'])).cost,
    retain: async (keep) => (await run(['forget', '--keep-last', String(keep), '--prune'])).cost,
  };
}
