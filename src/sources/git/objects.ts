/** Objects of a repository by id. Each is hashed again when it is read: isomorphic-git does not do that for packed ones. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as git from 'isomorphic-git';
import { fail } from '../../core/errors.ts';
import { frozenFs } from './frozen-fs.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

const idShape = /^[0-9a-f]{40}$/;

export function isObjectId(text: string): boolean {
  return idShape.test(text);
}

export class GitObjects {
  readonly #gitdir: string;
  readonly #name: string;
  #fs;
  #cache = {};

  /** `name`: the repository as people know it. */
  constructor(gitdir: string, name: string) {
    this.#gitdir = gitdir;
    this.#name = name;
    this.#fs = frozenFs(gitdir);
  }

  /** Undefined when the repository has no such object. Errors: `SourceIncomplete` when it is damaged. */
  async find(id: string): Promise<GitObject | undefined> {
    const found = (await this.#read(id)) ?? (await this.#readAgain(id));
    if (found === undefined) return undefined;
    const head = `${found.type} ${found.bytes.length}\0`;
    if (createHash('sha1').update(head).update(found.bytes).digest('hex') !== id)
      this.#damaged(id, 'has other bytes than its name says');
    return found;
  }

  /** Errors: `SourceIncomplete` when it is not there, damaged or of another type. */
  async read(id: string, type: ObjectType): Promise<Buffer> {
    const found = await this.find(id);
    if (found === undefined) return this.#damaged(id, 'is missing');
    if (found.type !== type) return this.#damaged(id, `is a ${found.type} and should be a ${type}`);
    return found.bytes;
  }

  async #read(id: string): Promise<GitObject | undefined> {
    try {
      const { type, object } = await git.readObject({
        fs: this.#fs,
        gitdir: this.#gitdir,
        cache: this.#cache,
        oid: id,
        format: 'content',
      });
      return { type: type as ObjectType, bytes: Buffer.from(object as Uint8Array) };
    } catch (error) {
      if ((error as { code?: string }).code === 'NotFoundError') return undefined;
      return this.#damaged(id, (error as Error).message, error);
    }
  }

  /** Git may have packed it since we looked. */
  #readAgain(id: string): Promise<GitObject | undefined> {
    this.#fs = frozenFs(this.#gitdir);
    this.#cache = {};
    return this.#read(id);
  }

  #damaged(id: string, what: string, cause?: unknown): never {
    const borrowed = existsSync(join(this.#gitdir, 'objects', 'info', 'alternates'));
    return fail('SourceIncomplete', `object ${id} of ${this.#name} ${what}`, {
      cause,
      hint: borrowed
        ? 'This repository borrows objects of another one (git clone --shared), which cannot be read; run `git repack -a -d` in it.'
        : 'Run `git fsck` in the repository, and fetch what is missing from another clone.',
      context: { object: id },
    });
  }
}
