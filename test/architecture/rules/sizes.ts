/** Files and folders stay small enough to be read in one go. */
import { posix } from 'node:path';
import { isIn, type ProjectFile } from './tree.ts';

export const fileLimit = 350;
export const medianLimit = 120;
export const folderLimit = 14;

/** Files that may be longer, each with the reason why it is better whole. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Folders that may hold more files, each with the reason. */
export const fullFolders: Readonly<Record<string, string>> = {
  functions: 'one file for each state of the state machines',
};

const counted = ['src/', 'functions/', 'local/', 'cli/', 'dashboard/'];

function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

export function longFileViolations(files: readonly ProjectFile[], exceptions = longFiles): string[] {
  const long = files.filter(({ path, text }) => isIn(path, counted) && linesOf(text) > fileLimit);
  const unknown = long.filter(({ path }) => !(path in exceptions));
  const stale = Object.keys(exceptions).filter((path) => !long.some((file) => file.path === path));
  return [
    ...unknown.map(({ path, text }) => `${path} has ${linesOf(text)} lines, more than ${fileLimit}`),
    ...stale.map((path) => `${path} is listed as long and is not: take it off the list`),
  ];
}

/** The middle length of the files that count. */
export function medianLines(files: readonly ProjectFile[]): number {
  const lengths = files.filter(({ path }) => isIn(path, counted)).map(({ text }) => linesOf(text));
  return lengths.sort((one, other) => one - other)[Math.floor(lengths.length / 2)] ?? 0;
}

export function folderViolations(files: readonly ProjectFile[], exceptions = fullFolders): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, count]) => count > folderLimit && !(folder in exceptions))
    .map(([folder, count]) => `${folder}/ holds ${count} files, more than ${folderLimit}`);
}
