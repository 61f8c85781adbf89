/** BorgBackup, encrypted and with the compression that is closest to the others'. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import { type MeasuredVault, type Program, together } from './program.ts';

/** Undefined when borg is not installed. */
export function borg(): Program | undefined {
  const version = installedVersion('borg', '--version');
  return version === undefined
    ? undefined
    : { name: 'borg', version, note: '`--encryption repokey --compression zstd,3`', newVault };
}

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  const repository = path.join(place, 'repository');
  mkdirSync(place, { recursive: true });
  const env = {
    BORG_REPO: repository,
    BORG_PASSPHRASE: 'of no importance',
    BORG_BASE_DIR: path.join(place, 'home'),
  };
  const run = (args: readonly string[], cwd = place) => measured({ program: 'borg', args, env, cwd });
  await run(['init', '--encryption', 'repokey']);
  let archives = 0;
  return {
    place: repository,
    async backup(files) {
      archives += 1;
      const { cost, stdout } = await run(['create', '--json', '--compression', 'zstd,3', `::${archives}`, '.'], folder);
      const { archive } = JSON.parse(stdout) as { archive: { stats: { nfiles: number } } };
      if (archive.stats.nfiles !== files) throw new Error(`borg backed up ${archive.stats.nfiles} of ${files} files`);
      return cost;
    },
    async restore(target) {
      mkdirSync(target);
      return (await run(['extract', '--sparse', `::${archives}`], target)).cost;
    },
    verify: async () => (await run(['check', '--verify-data'])).cost,
    async retain(keep) {
      const pruned = await run(['prune', '--keep-last', String(keep)]);
      const compacted = await run(['compact']);
      return together([pruned.cost, compacted.cost]);
    },
  };
}
