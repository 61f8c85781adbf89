/** A Git repository with a network's configuration in it, made without Git; and the proof that a tree of it came back. */
import { hash } from 'node:crypto';
import fs, { lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import git from 'isomorphic-git';
import { fail } from '../../src/core/errors.ts';
import { openLocal } from '../../src/sources/git/local.ts';

/** The configuration of `links` links at `version`, on the branch `main`. Returns the commit. */
export async function commitConfiguration(folder: string, version: number, time: Date): Promise<string> {
  if (version === 1) await git.init({ fs, dir: folder, defaultBranch: 'main' });
  const files: Record<string, string> = {
    'README.md': '# Configuration of the Interactive Node Network\n',
    'network/routing.json': `${JSON.stringify({ version, strategy: 'shortest', hops: 8 + version }, null, 2)}\n`,
    'access/roles.json': `${JSON.stringify({ operator: ['read', 'restore'], writer: ['read', 'write'] }, null, 2)}\n`,
    'scripts/reload.sh': '#!/bin/sh\nexec kill -HUP "$1"\n',
  };
  for (let region = 0; region < 24; region += 1) {
    files[`regions/region-${region}.yml`] = `name: region-${region}\nreplicas: ${1 + ((region * version) % 5)}\n`;
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    await git.add({ fs, dir: folder, filepath: path });
  }
  const author = {
    name: 'Ada',
    email: 'ada@example.org',
    timestamp: Math.floor(time.getTime() / 1000),
    timezoneOffset: 0,
  };
  return git.commit({ fs, dir: folder, message: `Configuration, version ${version}\n`, author });
}

/** Errors: `SourceMissing` for what is no repository, or has no commit yet. */
export async function headOf(folder: string): Promise<string> {
  const { gitdir } = await openLocal(folder);
  return git
    .resolveRef({ fs, gitdir, ref: 'HEAD' })
    .catch((cause: unknown) =>
      fail('SourceMissing', `the repository ${folder} has no commit`, { hint: 'Commit something first.', cause }),
    );
}

/** By path: permissions and Git's own name of the content. Submodules are links to elsewhere and no content. */
export async function treeAt(folder: string, commit: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const { gitdir } = await openLocal(folder);
  await git.walk({
    fs,
    gitdir,
    trees: [git.TREE({ ref: commit })],
    map: async (path, [entry]) => {
      if (entry && (await entry.type()) === 'blob')
        found.set(path, `${(await entry.mode()).toString(8)} ${await entry.oid()}`);
      return undefined;
    },
  });
  return found;
}

/** One line for each file that is not what the commit says; the content is hashed here, as Git does it. */
export function treeDifferences(tree: ReadonlyMap<string, string>, restored: string): string[] {
  return [...tree].flatMap(([path, wanted]) => {
    const is = contentAt(join(restored, path));
    return is === wanted ? [] : [`${JSON.stringify(path)}: the commit has ${wanted}; restored is ${is}`];
  });
}

function contentAt(path: string): string {
  try {
    const stat = lstatSync(path);
    const content = stat.isSymbolicLink() ? readlinkSync(path, 'buffer') : readFileSync(path);
    const mode = stat.isSymbolicLink() ? '120000' : stat.mode & 0o100 ? '100755' : '100644';
    return `${mode} ${hash('sha1', Buffer.concat([Buffer.from(`blob ${content.length}\0`), content]), 'hex')}`;
  } catch (error) {
    return (error as Error).message;
  }
}
