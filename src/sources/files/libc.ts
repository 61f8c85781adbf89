/** Functions of the C library (glibc or musl), through the optional package `koffi`. Linux only. */
import { createRequire } from 'node:module';

export type Call = (...values: unknown[]) => number;

export interface Libc<Name extends string> {
  readonly calls: Readonly<Record<Name, Call>>;
  /** The code of the last call that failed: `ENOENT`. */
  lastError(): string;
}

interface Koffi {
  load(library: string): { func(definition: string): Call };
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
}

/** Undefined without `koffi`, and where the library does not export all of these. `declarations`: by name, as in C. */
export function libcWith<Name extends string>(declarations: Readonly<Record<Name, string>>): Libc<Name> | undefined {
  if (process.platform !== 'linux') return undefined;
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    return undefined;
  }
  const codes = new Map(Object.entries(koffi.os.errno).map(([code, number]) => [number, code]));
  const lastError = (): string => codes.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
  for (const library of ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]) {
    try {
      const loaded = koffi.load(library);
      const calls = Object.entries<string>(declarations).map(([name, definition]) => [name, loaded.func(definition)]);
      return { calls: Object.fromEntries(calls) as Record<Name, Call>, lastError };
    } catch {
      // Another C library, or one too old to export all of these: try the next.
    }
  }
  return undefined;
}
