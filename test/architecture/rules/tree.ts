/** The project's own files, read once: what Git would track, found without Git. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A file by its path from the root, with forward slashes. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** Folders and endings that `.gitignore` names; it uses no other patterns. */
function ignored(): { folders: Set<string>; endings: string[] } {
  const lines = readFileSync(join(root, '.gitignore'), 'utf8').split('\n').filter(Boolean);
  const folders = new Set(['.git', ...lines.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1))]);
  return { folders, endings: lines.filter((line) => line.startsWith('*')).map((line) => line.slice(1)) };
}

/** Paths of all files, in order. */
export function projectPaths(): string[] {
  const { folders, endings } = ignored();
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return folders.has(entry.name) ? [] : walk(path);
      return entry.isFile() && !endings.some((ending) => path.endsWith(ending)) ? [path] : [];
    });
  return walk('').sort();
}

export function readProject(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** All TypeScript of the project. Fixtures are data, whatever they look like. */
export function projectSources(): ProjectFile[] {
  return projectPaths()
    .filter((path) => path.endsWith('.ts') && !path.startsWith('test/fixtures/'))
    .map((path) => ({ path, text: readProject(path) }));
}

export function existsInProject(path: string): boolean {
  return existsSync(join(root, path));
}

/** True when `path` is `place`, or lies in it when it ends with a slash. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}
