/** Nothing of the machine that it was written on is left in the project: no paths, no private package registry. */
import type { ProjectFile } from './tree.ts';

// Put together here, so that this file does not hold what it looks for.
const homes = ['work', 'root', 'tmp/brief', 'Users', 'home/[a-z]+'].join('|');
const machinePath = new RegExp(`(?<![\\w.$}*~-])/(?:${homes})/`);
const publicRegistry = 'https://registry.npmjs.org/';

/** Lines that name a place of one machine. */
export function machinePathViolations({ path, text }: ProjectFile): string[] {
  return text.split('\n').flatMap((line, at) => {
    const found = machinePath.exec(line);
    return found ? [`${path}:${at + 1} names a place of one machine: ${line.trim().slice(0, 100)}`] : [];
  });
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly integrity?: string; readonly link?: boolean }>
  >;
}

/** Packages come from the public registry (which npm assumes where nothing is said) and are pinned by their content. */
export function lockViolations({ path, text }: ProjectFile): string[] {
  const { packages } = JSON.parse(text) as Lock;
  return Object.entries(packages).flatMap(([name, { resolved, integrity, link }]) => {
    if (link || !name.startsWith('node_modules/')) return [];
    const foreign = resolved !== undefined && !resolved.startsWith(publicRegistry);
    return [
      ...(foreign ? [`${path}: ${name} comes from ${resolved.split('/').slice(0, 3).join('/')}`] : []),
      ...(integrity === undefined ? [`${path}: ${name} has no integrity`] : []),
    ];
  });
}

/** A registry set in the project's own settings would be everybody's. */
export function registryViolations({ path, text }: ProjectFile): string[] {
  if (!/(^|\/)\.npmrc$/.test(path)) return [];
  return text
    .split('\n')
    .flatMap((line, at) => (/registry\s*=|_auth/i.test(line) ? [`${path}:${at + 1} sets a registry`] : []));
}
