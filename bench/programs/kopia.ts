/** Kopia with a repository in a directory; compression is off by default there, and is turned on. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import { type MeasuredVault, type Program, together } from './program.ts';

/** Undefined when kopia is not installed. */
export function kopia(): Program | undefined {
  const version = installedVersion('kopia', '--version');
  return version === undefined
    ? undefined
    : {
        ...{
          name: 'kopia',
          version,
          note: 'always encrypts, `--compression=zstd`; times of folders and links are not restored exactly',
        },
        ...{ forgets: 'times of folders and links', newVault },
      };
}

const others = ['--keep-hourly=0', '--keep-daily=0', '--keep-weekly=0', '--keep-monthly=0', '--keep-annual=0'];

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  const repository = path.join(place, 'repository');
  mkdirSync(repository, { recursive: true });
  const env = {
    KOPIA_PASSWORD: 'of no importance',
    KOPIA_CONFIG_PATH: path.join(place, 'kopia.config'),
    KOPIA_CACHE_DIRECTORY: path.join(place, 'cache'),
    KOPIA_LOG_DIR: path.join(place, 'log'),
    KOPIA_CHECK_FOR_UPDATES: 'false',
  };
  const run = (...args: readonly string[]) => measured({ program: 'kopia', args: [...args, '--no-progress'], env });
  await run('repository', 'create', 'filesystem', '--path', repository);
  await run('policy', 'set', '--global', '--compression=zstd', '--keep-latest=1000', ...others);
  let latest = '';
  return {
    place: repository,
    async backup(files) {
      const { cost, stdout } = await run('snapshot', 'create', '--json', folder);
      const said = JSON.parse(stdout) as { id: string; rootEntry: { summ: { files: number } } };
      if (said.rootEntry.summ.files < files) {
        throw new Error(`kopia backed up ${said.rootEntry.summ.files} of ${files} files`);
      }
      latest = said.id;
      return cost;
    },
    restore: async (target) => (await run('snapshot', 'restore', latest, target)).cost,
    verify: async () => (await run('snapshot', 'verify', '--verify-files-percent=100')).cost,
    async retain(keep) {
      await run('policy', 'set', '--global', `--keep-latest=${keep}`);
      const expired = await run('snapshot', 'expire', '--all', '--delete');
      const collected = await run('maintenance', 'run', '--full', '--safety=none');
      return together([expired.cost, collected.cost]);
    },
  };
}
