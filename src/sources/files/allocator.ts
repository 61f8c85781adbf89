/**
 * Keeps glibc from holding on to what is freed. Frames are a few MB each and live for a moment; as it comes, each thread gets
 * an arena of its own, and after the first large free even large blocks are cut from them and never given back: a backup by
 * two workers then peaks at 510 MB instead of 370.
 */
import { libcWith } from './libc.ts';

/** mallopt(3): `M_ARENA_MAX` and `M_MMAP_THRESHOLD` of malloc.h. */
const [arenaMax, mmapThreshold] = [-8, -3];

/** For the whole process; before threads are started. Without glibc nothing happens. */
export function boundAllocator(): void {
  const libc = libcWith({ mallopt: 'int mallopt(int parameter, int value)' });
  libc?.calls.mallopt(arenaMax, 2);
  libc?.calls.mallopt(mmapThreshold, 512 * 1024);
}
