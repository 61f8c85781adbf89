/** A source that does not hold still: the system calls are the real ones, with something happening just before or after. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { age, Trial } from '../trial.ts';

type Call = 'lstatSync' | 'openSync' | 'fstatSync' | 'readSync' | 'readdirSync';
type Happening = (subject: string) => void;

const happenings = vi.hoisted(() => ({ before: new Map<string, unknown>(), after: new Map<string, unknown>() }));

vi.mock('node:fs', async (original) => {
  const real = (await original()) as typeof fs;
  const opened = new Map<number, string>();
  const wrap = (call: Call) => {
    return (...parameters: unknown[]): unknown => {
      const [first] = parameters;
      const subject = typeof first === 'number' ? (opened.get(first) ?? '') : String(first);
      (happenings.before.get(call) as Happening | undefined)?.(subject);
      const result = (real[call] as (...values: unknown[]) => unknown)(...parameters);
      if (call === 'openSync') opened.set(result as number, subject);
      (happenings.after.get(call) as Happening | undefined)?.(subject);
      return result;
    };
  };
  const calls: Call[] = ['lstatSync', 'openSync', 'fstatSync', 'readSync', 'readdirSync'];
  return { ...real, ...Object.fromEntries(calls.map((call) => [call, wrap(call)])) };
});

/** Something that happens at a call on the path that ends in `name`, at most `times` times. */
function at(when: 'before' | 'after', call: Call, name: string, times: number, happening: () => void): () => number {
  let [count, busy] = [0, false];
  happenings[when].set(call, (subject: string) => {
    if (busy || count >= times || !subject.replace(/\/$/, '').endsWith(name)) return;
    count += 1;
    busy = true;
    happening();
    busy = false;
  });
  return () => count;
}

afterEach(() => {
  happenings.before.clear();
  happenings.after.clear();
});

function tree(): Trial {
  const trial = new Trial({}, new MemoryContent({ smallFile: 1_000_000, piece: 100_000 }));
  fs.mkdirSync(join(trial.path, 'dir'));
  for (const name of ['a', 'dir/b', 'dir/z', 'm', 'z']) fs.writeFileSync(join(trial.path, name), `the file ${name}`);
  fs.writeFileSync(join(trial.path, 'large'), Buffer.alloc(3_000_000, 'x'));
  return trial;
}

const all = ['a', 'dir/', 'dir/b', 'dir/z', 'large', 'm', 'z'];
const without = (...gone: string[]): string[] => all.filter((path) => !gone.includes(path));

const bytesOf = async (
  trial: Trial,
  captured: Awaited<ReturnType<Trial['capture']>>,
  path: string,
): Promise<string> => {
  const { blobs } = await trial.entry(captured, path);
  return Buffer.concat(blobs!.map((id) => trial.content.blobAtHand(id)!)).toString();
};

/** Without the look around that splitting takes. */
async function captureUncut(trial: Trial): Promise<CapturedContent> {
  const context = trial.captureContext();
  return trial.source.combine([await trial.captureShard({ shard: 0 }, context)], context);
}

describe('a file that changes while it is read', () => {
  test('once: it is read again, and that is no problem', async () => {
    const trial = tree();
    const times = at('after', 'readSync', '/m', 1, () => fs.appendFileSync(join(trial.path, 'm'), ', longer'));
    const captured = await trial.capture();
    expect(times()).toBe(1);
    expect(captured.problems).toEqual([]);
    expect(await bytesOf(trial, captured, 'm')).toBe('the file m, longer');
    // What was written to a moment ago is not relied on: one more reading, and then no more.
    const again = await trial.again(captured);
    expect(again.totals.read).toBe('the file m, longer'.length);
    expect((await trial.again(again)).totals.read).toBe(0);
  });

  test('again and again: what was read last is kept, a problem tells, and the next capture reads it', async () => {
    const trial = tree();
    const times = at('after', 'readSync', '/m', 99, () => fs.appendFileSync(join(trial.path, 'm'), '!'));
    const captured = await trial.capture();
    expect(times()).toBeGreaterThanOrEqual(3);
    expect(captured.problems).toEqual([
      { path: 'm', what: 'changed while it was read, 3 times; what was read last is kept' },
    ]);
    expect(await bytesOf(trial, captured, 'm')).toMatch(/^the file m!!/);
    expect((await trial.entry(captured, 'm')).size).toBe((await bytesOf(trial, captured, 'm')).length);
    expect(await trial.paths(captured)).toEqual(all);
    expect((await trial.entry(captured, 'm')).ctime).toBeUndefined();
    happenings.after.clear();
    const again = await trial.again(captured);
    expect(again.problems).toEqual([]);
    expect(again.totals.read).toBe(fs.statSync(join(trial.path, 'm')).size);
  });

  test('a large one, in the middle of its stream', async () => {
    const trial = tree();
    const path = join(trial.path, 'large');
    const times = at('after', 'readSync', '/large', 1, () => fs.writeFileSync(path, Buffer.alloc(3_000_000, 'y')));
    const captured = await trial.capture();
    expect(times()).toBe(1);
    expect(captured.problems).toEqual([]);
    expect((await bytesOf(trial, captured, 'large')).replace(/^y+$/, '')).toBe('');
  });

  test('a large one that is cut off shorter each time', async () => {
    const trial = tree();
    const path = join(trial.path, 'large');
    at('after', 'readSync', '/large', 99, () => fs.truncateSync(path, Math.max(10, fs.statSync(path).size - 900_000)));
    const captured = await trial.capture();
    expect(captured.problems).toEqual([
      { path: 'large', what: 'changed while it was read, 3 times; what was read last is kept' },
    ]);
    expect((await trial.entry(captured, 'large')).size).toBe((await bytesOf(trial, captured, 'large')).length);
  });

  test('a small one that has become large since it was looked at, and the other way round', async () => {
    const trial = tree();
    at('before', 'openSync', '/m', 1, () => fs.writeFileSync(join(trial.path, 'm'), Buffer.alloc(2_500_000, 'm')));
    expect((await trial.entry(await trial.capture(), 'm')).size).toBe(2_500_000);
    at('before', 'openSync', '/large', 1, () => fs.truncateSync(join(trial.path, 'large'), 5));
    const captured = await trial.capture();
    expect(await bytesOf(trial, captured, 'large')).toBe('xxxxx');
    expect(captured.problems).toEqual([]);
  });

  test('one of several names: all of them have what the first was found to have', async () => {
    const trial = tree();
    fs.linkSync(join(trial.path, 'a'), join(trial.path, 'y'));
    at('after', 'readSync', '/m', 1, () => fs.appendFileSync(join(trial.path, 'y'), ', and more'));
    const captured = await trial.capture();
    const [first, second] = [await trial.entry(captured, 'a'), await trial.entry(captured, 'y')];
    expect(second).toEqual({ ...first, name: 'y' });
    expect(captured.problems).toEqual([]);
    expect(await bytesOf(trial, await trial.again(captured), 'y')).toBe('the file a, and more');
  });

  test('its inode goes to another file of several names meanwhile: they are two', async () => {
    const trial = tree();
    fs.linkSync(join(trial.path, 'a'), join(trial.path, 'dir/a'));
    fs.linkSync(join(trial.path, 'a'), join(trial.folder, 'outside'));
    const inodes: number[] = [];
    at('after', 'readSync', '/dir/b', 1, () => {
      inodes.push(fs.lstatSync(join(trial.path, 'a')).ino);
      for (const path of ['source/a', 'source/dir/a', 'outside', 'source/m', 'source/z']) {
        fs.rmSync(join(trial.folder, path));
      }
      fs.writeFileSync(join(trial.path, 'm'), 'another file');
      fs.linkSync(join(trial.path, 'm'), join(trial.path, 'z'));
      inodes.push(fs.lstatSync(join(trial.path, 'm')).ino);
    });
    const captured = await trial.capture();
    expect(await bytesOf(trial, captured, 'a')).toBe('the file a');
    expect(await bytesOf(trial, captured, 'm')).toBe('another file');
    expect((await trial.entry(captured, 'm')).hardlink).toBe((await trial.entry(captured, 'z')).hardlink);
    expect((await trial.entry(captured, 'm')).hardlink).not.toBe((await trial.entry(captured, 'a')).hardlink);
    // File systems are free to choose; ext4 takes the inode that has just become free.
    expect(inodes).toHaveLength(2);
    expect((await trial.restore(captured)).problems).toEqual([]);
    expect(fs.readFileSync(join(trial.target, 'z'), 'utf8')).toBe('another file');
  });

  test('only its time is touched: read again, as nobody knows what else was', async () => {
    const trial = tree();
    const times = at('after', 'readSync', '/m', 1, () => age(join(trial.path, 'm')));
    const captured = await trial.capture();
    expect(times()).toBe(1);
    expect((await trial.entry(captured, 'm')).mtime).toBe('1700000000000000000');
  });
});

describe('A6 what vanishes or fails is a problem, and the rest is taken', () => {
  const vanished = 'vanished while the source was captured';

  test('a file, between the listing and the look at it', async () => {
    const trial = tree();
    at('after', 'readdirSync', '/dir', 1, () => fs.rmSync(join(trial.path, 'dir/b')));
    const captured = await captureUncut(trial);
    expect(captured.problems).toEqual([{ path: 'dir/b', what: vanished }]);
    expect(await trial.paths(captured)).toEqual(without('dir/b'));
  });

  test.each(['m', 'large'])('%s, between the look and the opening', async (name) => {
    const trial = tree();
    at('before', 'openSync', `/${name}`, 1, () => fs.rmSync(join(trial.path, name)));
    const captured = await trial.capture();
    expect(captured.problems).toEqual([{ path: name, what: vanished }]);
    expect(await trial.paths(captured)).toEqual(without(name));
    expect(captured.totals.files).toBe(5);
  });

  test('a directory, before it is listed', async () => {
    const trial = tree();
    at('before', 'readdirSync', '/dir', 1, () => fs.rmSync(join(trial.path, 'dir'), { recursive: true }));
    const captured = await captureUncut(trial);
    expect(captured.problems).toEqual([{ path: 'dir', what: vanished }]);
    expect(await trial.paths(captured)).toEqual(without('dir/', 'dir/b', 'dir/z'));
  });

  test('a directory, while its files are read', async () => {
    const trial = tree();
    at('after', 'readSync', '/dir/b', 1, () => fs.rmSync(join(trial.path, 'dir'), { recursive: true }));
    const captured = await trial.capture();
    expect(captured.problems).toEqual([
      { path: 'dir/z', what: vanished },
      { path: 'dir', what: vanished },
    ]);
    expect(await trial.paths(captured)).toEqual(without('dir/z'));
  });

  test('a directory that another takes the place of', async () => {
    const trial = tree();
    at('after', 'readSync', '/dir/z', 1, () => {
      fs.renameSync(join(trial.path, 'dir'), join(trial.folder, 'away'));
      fs.mkdirSync(join(trial.path, 'dir'));
    });
    expect((await trial.capture()).problems).toEqual([{ path: 'dir', what: 'was replaced while it was captured' }]);
  });

  test.each(['m', 'large'])('a disk that cannot read %s', async (name) => {
    const trial = tree();
    at('before', 'readSync', `/${name}`, 9, () => {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    });
    const captured = await trial.capture();
    expect(captured.problems).toEqual([{ path: name, what: 'cannot be read (EIO)' }]);
    expect(await trial.paths(captured)).toEqual(without(name));
  });

  test('a vault that fails is not taken for a file that does', async () => {
    const trial = tree();
    const put = trial.content.put.bind(trial.content);
    trial.content.put = (bytes, kind) => {
      if (kind === 'data') throw new Error('the sink is broken');
      return put(bytes, kind);
    };
    await expect(trial.capture()).rejects.toThrow('the sink is broken');
  });
});

describe('a file that something else takes the place of between the look and the opening', () => {
  test.each(['m', 'large'])('%s by a FIFO: nobody waits for a writer', async (name) => {
    const trial = tree();
    const path = join(trial.path, name);
    at('before', 'openSync', `/${name}`, 1, () => {
      fs.rmSync(path);
      spawnSync('mkfifo', [path]);
    });
    const captured = await trial.capture();
    expect((await trial.entry(captured, name)).type).toBe('fifo');
    expect(captured.problems).toEqual([]);
  });

  test.each(['m', 'large'])('%s by a symbolic link: nobody follows it', async (name) => {
    const trial = tree();
    fs.writeFileSync(join(trial.folder, 'elsewhere'), 'a secret');
    const path = join(trial.path, name);
    at('before', 'openSync', `/${name}`, 1, () => {
      fs.rmSync(path);
      fs.symlinkSync('../elsewhere', path);
    });
    const captured = await trial.capture();
    expect(await trial.entry(captured, name)).toMatchObject({ type: 'symlink', target: '../elsewhere' });
    expect([...trial.content.blobs.values()].map(String)).not.toContain('a secret');
  });

  test('by a FIFO and a file in turns: a problem in the end', async () => {
    const trial = tree();
    const path = join(trial.path, 'm');
    at('before', 'openSync', '/m', 99, () => {
      fs.rmSync(path);
      fs.symlinkSync('a', path);
    });
    at('before', 'lstatSync', '/m', 99, () => {
      fs.rmSync(path, { force: true });
      fs.writeFileSync(path, 'a file');
      age(path);
    });
    const captured = await trial.capture();
    expect(captured.problems).toEqual([{ path: 'm', what: 'was replaced again and again while it was captured' }]);
    expect(await trial.paths(captured)).toEqual(without('m'));
  });

  test('by another file: what is taken down is what was read', async () => {
    const trial = tree();
    const path = join(trial.path, 'm');
    at('before', 'openSync', '/m', 1, () => {
      fs.writeFileSync(join(trial.folder, 'new'), 'another file');
      fs.renameSync(join(trial.folder, 'new'), path);
    });
    const captured = await trial.capture();
    expect(await bytesOf(trial, captured, 'm')).toBe('another file');
    expect((await trial.entry(captured, 'm')).inode).toBe(String(fs.statSync(path).ino));
  });
});
