/** Watches and replaces calls of the file system, under the stores that make them. */
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/** Runs `work` while some calls are replaced. */
export async function withCalls<T>(replaced: Partial<typeof fs>, work: () => Promise<T>): Promise<T> {
  const originals = { ...fs };
  Object.assign(fs, replaced);
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    Object.assign(fs, originals);
    syncBuiltinESMExports();
  }
}

export const systemError = (code: string): Error => Object.assign(new Error(code), { code });

/** The calls of `work` that make things durable or visible, in the order in which they returned. */
export async function recordCalls(root: string, work: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const names = new WeakMap<object, string>();
  const { open, link, rename, mkdir } = fs;
  const nameOf = (file: unknown): string => {
    const name = path.relative(root, String(file)) || '.';
    return name.startsWith('.tidemark/incoming/') ? 'temporary' : name;
  };
  const probe = await fs.open(path.dirname(root), 'r');
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { sync, write } = prototype;
  prototype.sync = async function (this: FileHandle) {
    await sync.call(this);
    calls.push(`sync ${names.get(this)}`);
  };
  prototype.write = async function (this: FileHandle, ...rest: never[]) {
    calls.push(`write ${names.get(this)}`);
    return (write as (...parameters: unknown[]) => unknown).apply(this, rest);
  } as typeof write;
  const watched: Partial<typeof fs> = {
    open: async (file, ...rest) => {
      const handle = await open(file, ...rest);
      names.set(handle, nameOf(file));
      return handle;
    },
    link: async (from, to) => {
      await link(from, to);
      calls.push(`link ${nameOf(to)}`);
    },
    rename: async (from, to) => {
      await rename(from, to);
      calls.push(`rename ${nameOf(to)}`);
    },
    mkdir: (async (...parameters: Parameters<typeof mkdir>) => {
      const made = await mkdir(...parameters);
      calls.push(`mkdir ${nameOf(parameters[0])}`);
      return made;
    }) as typeof mkdir,
  };
  try {
    await withCalls(watched, work);
  } finally {
    Object.assign(prototype, { sync, write });
  }
  return calls;
}
