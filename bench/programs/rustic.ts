/** rustic: restic's format, written in Rust. A local repository, its own cache, defaults otherwise. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import type { MeasuredVault, Program } from './program.ts';

/** Undefined when rustic is not installed. */
export function rustic(): Program | undefined {
  const version = installedVersion('rustic', '--version');
  return version === undefined ? undefined : { name: 'rustic', version, note: 'always encrypts', newVault };
}

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  const repository = path.join(place, 'repository');
  mkdirSync(place, { recursive: true });
  const env = {
    RUSTIC_PASSWORD: 'of no importance',
    RUSTIC_REPOSITORY: repository,
    RUSTIC_CACHE_DIR: path.join(place, 'cache'),
  };
  const run = (args: readonly string[]) =>
    measured({ program: 'rustic', args: ['--no-progress', ...args], env, cwd: folder });
  await run(['init']);
  return {
    place: repository,
    async backup(files) {
      const { cost, stdout } = await run(['backup', '--json', '.']);
      const { summary } = JSON.parse(stdout) as { summary: { total_files_processed: number } };
      if (summary.total_files_processed !== files) {
        throw new Error(`rustic backed up ${summary.total_files_processed} of ${files} files`);
      }
      return cost;
    },
    restore: async (target) => (await run(['restore', 'latest', target])).cost,
    verify: async () => (await run(['check', '--read-data'])).cost,
    // Without the delay it marks what is to go and deletes it a day later.
    retain: async (keep) => (await run(['forget', '--keep-last', String(keep), '--prune', '--instant-delete'])).cost,
  };
}
