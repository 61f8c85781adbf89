/** A repository on this machine: where its parts are, and which commit a name stands for. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as git from 'isomorphic-git';
import { fail } from '../../core/errors.ts';
import { frozenFs } from './frozen-fs.ts';
import { GitObjects, isObjectId } from './objects.ts';
import { closest, refMissing } from './refs.ts';
import { parseTag } from './text.ts';

export interface LocalRepository {
  readonly name: string;
  /** Objects and refs. */
  readonly gitdir: string;
  /** HEAD; in a linked worktree another folder than the one before. */
  readonly worktree: string;
}

/** A working tree, a bare repository, a linked worktree or a submodule. Errors: `SourceMissing`. */
export async function openLocal(path: string): Promise<LocalRepository> {
  const name = resolve(path);
  const dotGit = join(name, '.git');
  for (const candidate of [dotGit, name]) {
    const worktree = (await isFile(candidate)) ? await linkedFolder(candidate) : candidate;
    if (!(await isFile(join(worktree, 'HEAD')))) continue;
    const common = await text(join(worktree, 'commondir'));
    const gitdir = common === undefined ? worktree : resolve(worktree, common.trim());
    await refuseUnknownFormat(name, gitdir);
    return { name, gitdir, worktree };
  }
  return fail('SourceMissing', `there is no Git repository at ${name}`, {
    hint: 'Name the folder that holds .git, a bare repository, or an https URL.',
    context: { repository: name },
  });
}

/** The commit that `ref` stands for: a full or shortened id, a branch, a tag, HEAD. Errors: `SourceMissing`. */
export async function resolveLocal(repository: LocalRepository, ref: string): Promise<string> {
  const { gitdir, name } = repository;
  const fs = frozenFs(gitdir);
  const objects = new GitObjects(gitdir, name);
  const id = (await idOf(repository, ref)) ?? (await refMissing(name, ref, await refNames(fs, gitdir)));
  let found = await objects.find(id);
  for (let at = 0; found?.type === 'tag' && at < 10; at += 1) found = await objects.find(parseTag(found.bytes).object);
  if (found?.type === 'commit') return commitId(objects, id);
  if (found === undefined && id !== ref) await objects.read(id, 'commit'); // a name that leads nowhere: says why
  return fail(
    'SourceMissing',
    `${JSON.stringify(ref)} is ${found === undefined ? 'not' : `a ${found.type} and no commit`} in ${name}`,
    {
      hint: closest(ref, await refNames(fs, gitdir)),
      context: { repository: name, ref },
    },
  );
}

/** The id itself, or what the tags before it lead to. */
async function commitId(objects: GitObjects, id: string): Promise<string> {
  const found = await objects.find(id);
  return found?.type === 'tag' ? commitId(objects, parseTag(found.bytes).object) : id;
}

async function idOf({ gitdir, worktree }: LocalRepository, ref: string): Promise<string | undefined> {
  if (isObjectId(ref)) return ref;
  const fs = frozenFs(gitdir);
  // A linked worktree has a HEAD of its own, which isomorphic-git does not know.
  const head = ref === 'HEAD' ? (await text(join(worktree, 'HEAD')))?.trim() : undefined;
  if (head !== undefined && isObjectId(head)) return head;
  const wanted = head?.replace(/^ref: /, '') ?? ref;
  try {
    return await git.resolveRef({ fs, gitdir, ref: wanted });
  } catch {
    // Not a name. A shortened id?
  }
  if (!/^[0-9a-f]{4,39}$/.test(ref)) return undefined;
  return git.expandOid({ fs, gitdir, oid: ref }).catch(() => undefined);
}

async function refNames(fs: ReturnType<typeof frozenFs>, gitdir: string): Promise<string[]> {
  const lists = [git.listBranches({ fs, gitdir }), git.listTags({ fs, gitdir })];
  return (await Promise.all(lists.map((list) => list.catch(() => [])))).flat();
}

/** `.git` as a file: where the folder really is. */
async function linkedFolder(file: string): Promise<string> {
  const [, folder] = /^gitdir: (.*)/.exec((await text(file)) ?? '') ?? [];
  return folder === undefined ? file : resolve(join(file, '..'), folder.trim());
}

/** Objects named by SHA-256 and refs in a table would look like an empty repository. */
async function refuseUnknownFormat(name: string, gitdir: string): Promise<void> {
  const config = (await text(join(gitdir, 'config'))) ?? '';
  const [, what, value] = /^\s*(objectformat|refstorage)\s*=\s*(\S+)/im.exec(config) ?? [];
  if (what === undefined || ['sha1', 'files'].includes(value!.toLowerCase())) return;
  fail('SourceMissing', `the repository ${name} has ${what} ${value}, which cannot be read here`, {
    hint: 'Clone it with `git clone --ref-format=files`, into a repository with SHA-1 objects.',
    context: { repository: name },
  });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function text(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
