/**
 * What the machine can do at best with the usual tools, which do far less than a backup: no dedupe, no encryption, no sync.
 * The nearest limit to each step is what Tidemark's figures are held against beside those of its peers.
 */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import type { MeasuredVault, Program } from './program.ts';

/** A pipeline fails when any part of it does. */
const shell = (script: string, ...args: readonly string[]) =>
  measured({ program: 'bash', args: ['-c', `set -o pipefail; ${script}`, 'bash', ...args] });

/** `tar | zstd -3 -T0`, and back. */
export function tar(): Program | undefined {
  const version = installedVersion('zstd', '--version');
  if (version === undefined) return undefined;
  return {
    ...{ name: 'tar | zstd', version, note: '`-3 -T0`; no dedupe, no encryption, no sync' },
    ...{ steps: ['first', 'restore', 'verify'], newVault: tarVault },
  };
}

async function tarVault(place: string, folder: string): Promise<MeasuredVault> {
  mkdirSync(place, { recursive: true });
  const archive = path.join(place, 'archive.tar.zst');
  const pack = async () =>
    (await shell('tar -C "$1" --sparse --format=posix -cf - . | zstd -q -f -3 -T0 -o "$2"', folder, archive)).cost;
  return {
    place,
    backup: pack,
    async restore(target) {
      mkdirSync(target);
      return (await shell('zstd -q -dc -T0 "$2" | tar -C "$1" -xpf -', target, archive)).cost;
    },
    async verify() {
      return (await shell('zstd -q -dc -T0 "$1" >/dev/null', archive)).cost;
    },
  };
}

/** `find` with sizes and times: every name and inode is looked at, nothing is read. */
export function find(): Program | undefined {
  const version = installedVersion('find', '--version');
  if (version === undefined) return undefined;
  const note = '`-printf` with sizes and times, to nowhere';
  return {
    ...{ name: 'find', version, note, steps: ['unchanged'] },
    async newVault(_, folder) {
      const format = '%P %y %m %U %G %s %T@ %C@ %i\\n';
      return {
        place: undefined,
        backup: async () => (await measured({ program: 'find', args: [folder, '-printf', format], silent: true })).cost,
      };
    },
  };
}

/** `zstd -d` on every core: the same bytes in independent files, so that the reading has no thread to wait for. */
export function unpack(): Program | undefined {
  const version = installedVersion('zstd', '--version');
  if (version === undefined) return undefined;
  const cores = availableParallelism();
  return {
    ...{ name: 'zstd -d', version, note: `${cores} at once, to nowhere; nothing is checked`, steps: ['verify'] },
    async newVault(place, folder) {
      mkdirSync(place, { recursive: true });
      const parts = path.join(place, 'part-');
      return {
        place: undefined,
        async verify() {
          const split = `split -a 5 -b 16M --filter='zstd -q -3 -o "$FILE".zst' - "$2"`;
          await shell(`tar -C "$1" --sparse --format=posix -cf - . | ${split}`, folder, parts);
          const read = 'printf "%s\\0" "$1"*.zst | xargs -0 -P "$2" -n 8 sh -c \'exec zstd -q -dc "$@" >/dev/null\' sh';
          return (await shell(read, parts, String(cores))).cost;
        },
      };
    },
  };
}
