/** Everything that a commit holds, in the order in which directories are stored. */
import { fail } from '../../core/errors.ts';
import type { GitObjects } from './objects.ts';
import { parseGitTree } from './text.ts';

export interface Listed {
  readonly name: Buffer;
  /** From the root, for people and for finding it again; bytes that are no UTF-8 as U+FFFD. */
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'symlink' | 'directory' | 'submodule';
  readonly id: string;
  /** Of a directory. */
  readonly children: readonly Listed[];
}

const kinds: ReadonlyMap<number, Listed['kind']> = new Map([
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o160000, 'submodule'],
]);

/** `tree` with all that is below. Errors: `SourceIncomplete`. */
export async function listTree(objects: GitObjects, tree: string, path = ''): Promise<Listed[]> {
  const listed: Listed[] = [];
  for (const { mode, name, id } of parseGitTree(await objects.read(tree, 'tree'))) {
    const text = name.toString('utf8');
    if (name.length === 0 || text === '.' || text === '..' || name.includes(0x2f)) {
      fail(
        'SourceIncomplete',
        `the directory ${JSON.stringify(path || '/')} of the commit has an entry that no file system can hold: ${JSON.stringify(text)}`,
        {
          hint: 'Run `git fsck` in the repository; such a commit was made to do harm, or by a broken program.',
        },
      );
    }
    const kind = kinds.get(mode) ?? ((mode & 0o111) === 0 ? 'file' : 'executable');
    const full = path === '' ? text : `${path}/${text}`;
    listed.push({
      name,
      path: full,
      kind,
      id,
      children: kind === 'directory' ? await listTree(objects, id, full) : [],
    });
  }
  // Git sorts directories as if their names ended in a slash; ours are in plain order of bytes.
  return listed.sort((a, b) => Buffer.compare(a.name, b.name));
}

/** Depth first. */
export function* flat(listed: readonly Listed[]): Generator<Listed> {
  for (const one of listed) {
    yield one;
    yield* flat(one.children);
  }
}
