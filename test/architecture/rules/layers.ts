/** The layer table of the house as data, and who breaks it. */
import type { Reference } from './imports.ts';

/**
 * From the ground up. A room may use itself and every room on a lower floor; rooms of one floor do not know each other.
 * The last floors are the builders' own: they may use everything, and nothing may use them.
 */
export const floors: readonly (readonly string[])[] = [
  ['src/core'],
  ['src/storage', 'src/codec', 'src/format', 'src/alerts'],
  ['src/vault', 'src/sources', 'src/plan'],
  ['src/operations'],
  ['functions', 'events'],
  ['local', 'dashboard'],
  ['cli'],
  ['deploy'],
  ['scripts'],
  ['bench'],
  ['test'],
];

/** Files at the root that configure tools. */
const outside = /^[^/]+$/;

export function roomOf(path: string): string | undefined {
  return floors.flat().find((room) => path.startsWith(`${room}/`));
}

function floorOf(room: string): number {
  return floors.findIndex((floor) => floor.includes(room));
}

/** Why `from` may not use `to`, or nothing when it may. */
export function layerReason(from: string, to: string): string | undefined {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (!here || !there) {
    const homeless = here ? to : from;
    return outside.test(homeless) ? undefined : `${homeless} is in no room of the layer table`;
  }
  if (here === there) return undefined;
  const [low, high] = [floorOf(here), floorOf(there)];
  if (low === high) return `${here} and ${there} are neighbours and do not know each other`;
  return low < high ? `${there} is above ${here}: nothing points up` : undefined;
}

/** One line for each reference that breaks the table; types count. */
export function layerViolations(references: readonly Reference[]): string[] {
  return references.flatMap(({ from, line, to, kind }) => {
    if (to === undefined) return [`${from}:${line} -> ?: a ${kind} reference made up at run time cannot be checked`];
    if (!to.endsWith('.ts') && !roomOf(to)) return []; // a package, or data
    const reason = layerReason(from, to);
    return reason ? [`${from}:${line} -> ${to} (${kind}): ${reason}`] : [];
  });
}
