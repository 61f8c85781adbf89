/** Files that need each other in a circle, types included. */
import type { Reference } from './imports.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function graphOf(references: readonly Reference[]): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, kind } of references) {
    // A file that starts itself again as a worker names itself; that is no import.
    if (to === undefined || (to === from && kind === 'path')) continue;
    graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

/** The shortest way from `start` back to itself. */
function wayBack(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) {
        const way = [file];
        for (let at = file; at !== start; ) {
          at = cameFrom.get(at) as string;
          way.unshift(at);
        }
        return [...way, start];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      waiting.push(next);
    }
  }
  return undefined;
}

/** Each circle once, as `a -> b -> a`, the shortest through its first file. */
export function cycles(references: readonly Reference[]): string[] {
  const graph = graphOf(references);
  const seen = new Set<string>();
  const found: string[] = [];
  for (const file of [...graph.keys()].sort()) {
    const way = seen.has(file) ? undefined : wayBack(graph, file);
    if (!way) continue;
    for (const member of way) seen.add(member);
    found.push(way.join(' -> '));
  }
  return found;
}
