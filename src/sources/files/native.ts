/**
 * The system calls that Node lacks, through the optional package `koffi`: times in nanoseconds, extended attributes, holes
 * of sparse files, device nodes, flushing one file system. Linux only (glibc and musl). Where it is missing, `native` is
 * undefined, and who uses it says what is then not kept. Failures throw with `code` set, as Node's own calls do.
 */
import { type Libc, libcWith } from './libc.ts';
import { bytesOf, type RawPath } from './raw-path.ts';

export interface Native {
  /** Sets the modification time, in nanoseconds since the epoch. A symbolic link gets it itself. */
  setModified(path: RawPath, nanoseconds: bigint): void;
  /** Extended attributes as base64 by name, undefined when there are none; of a path (no link is followed) or an open file. */
  attributes(at: RawPath | number): Record<string, string> | undefined;
  setAttribute(path: RawPath, name: string, value: Uint8Array): void;
  removeAttribute(path: RawPath, name: string): void;
  /** Where the next data begins at or after `offset`; undefined when only a hole follows. */
  nextData(fd: number, offset: number): number | undefined;
  nextHole(fd: number, offset: number): number;
  /** Makes a FIFO or a device; `mode` with its type bits. */
  makeNode(path: RawPath, mode: number, device: bigint): void;
  /** Writes out everything of the file system that `fd` lies on. */
  syncFileSystem(fd: number): void;
}

const atWorkingDirectory = -100;
const omitTime = 0x3ffffffen;
const noFollow = 0x100;
const [seekData, seekHole] = [3, 4];
const aSecond = 1_000_000_000n;
const declarations = {
  utimensat: 'int utimensat(int directory, const uint8_t *path, const int64_t *times, int flags)',
  llistxattr: 'int64_t llistxattr(const uint8_t *path, uint8_t *list, size_t size)',
  lgetxattr: 'int64_t lgetxattr(const uint8_t *path, const uint8_t *name, uint8_t *value, size_t size)',
  flistxattr: 'int64_t flistxattr(int fd, uint8_t *list, size_t size)',
  fgetxattr: 'int64_t fgetxattr(int fd, const uint8_t *name, uint8_t *value, size_t size)',
  lsetxattr: 'int lsetxattr(const uint8_t *path, const uint8_t *name, const uint8_t *value, size_t size, int flags)',
  lremovexattr: 'int lremovexattr(const uint8_t *path, const uint8_t *name)',
  lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
  mknod: 'int mknod(const uint8_t *path, unsigned int mode, uint64_t device)',
  syncfs: 'int syncfs(int fd)',
};

function nativeOver({ calls: libc, lastError }: Libc<keyof typeof declarations>): Native {
  const times = new BigInt64Array(4);
  let pathBytes = Buffer.alloc(8192);
  const nameBytes = Buffer.alloc(1024);
  /** Small, because the kernel makes one of its own of that size for each call. */
  const value = Buffer.alloc(1024);

  const failed = (call: string): Error & { code: string } => {
    const code = lastError();
    return Object.assign(new Error(`${call}: ${code}`), { code });
  };
  const checked = (call: keyof typeof declarations, ...values: unknown[]): number => {
    const result = libc[call](...values);
    if (result === -1) throw failed(call);
    return result;
  };
  /** The path as C wants it, in a buffer that the next call uses again. */
  const asPath = (path: RawPath): Buffer => {
    if (path.length * 3 >= pathBytes.length) pathBytes = Buffer.alloc(path.length * 3 + 1);
    const length = typeof path === 'string' ? pathBytes.write(path) : bytesOf(path).copy(pathBytes);
    pathBytes[length] = 0;
    return pathBytes;
  };
  const asName = (name: string): Buffer => {
    nameBytes[nameBytes.write(name, 0, nameBytes.length - 1)] = 0;
    return nameBytes;
  };
  /** A call that fills a buffer, with one that the answer fits in. */
  const filled = (call: keyof typeof declarations, ...before: unknown[]): Buffer => {
    for (let buffer = value; ; buffer = Buffer.alloc(buffer.length * 8)) {
      const length = libc[call](...before, buffer, buffer.length);
      if (length >= 0) return buffer.subarray(0, length);
      const error = failed(call);
      if (error.code !== 'ERANGE' || buffer.length > 2 ** 24) throw error;
    }
  };

  return {
    setModified(path, nanoseconds) {
      const fraction = ((nanoseconds % aSecond) + aSecond) % aSecond;
      times[1] = omitTime;
      times[2] = (nanoseconds - fraction) / aSecond;
      times[3] = fraction;
      checked('utimensat', atWorkingDirectory, asPath(path), times, noFollow);
    },
    attributes(at) {
      const open = typeof at === 'number';
      // Most have none, so this one call is made for every file there is.
      const length = open ? libc.flistxattr(at, value, value.length) : libc.llistxattr(asPath(at), value, value.length);
      if (length === 0) return undefined;
      const list = open ? filled('flistxattr', at) : filled('llistxattr', asPath(at));
      const names = list.toString('utf8').split('\0').slice(0, -1).sort();
      return Object.fromEntries(
        names.map((name) => {
          const found = open ? filled('fgetxattr', at, asName(name)) : filled('lgetxattr', asPath(at), asName(name));
          return [name, found.toString('base64')];
        }),
      );
    },
    setAttribute(path, name, bytes) {
      checked('lsetxattr', asPath(path), asName(name), bytes, bytes.length, 0);
    },
    removeAttribute(path, name) {
      checked('lremovexattr', asPath(path), asName(name));
    },
    nextData(fd, offset) {
      const at = libc.lseek(fd, offset, seekData);
      if (at !== -1) return at;
      const error = failed('lseek');
      if (error.code === 'ENXIO') return undefined;
      throw error;
    },
    nextHole: (fd, offset) => checked('lseek', fd, offset, seekHole),
    makeNode(path, mode, device) {
      checked('mknod', asPath(path), mode, device);
    },
    syncFileSystem(fd) {
      checked('syncfs', fd);
    },
  };
}

const libc = libcWith(declarations);

export const native: Native | undefined = libc && nativeOver(libc);
