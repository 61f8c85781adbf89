/** Small machines for what the deployed ones would only show roundabout: written to a folder and run by the engine. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Node } from './definitions.ts';

/** A folder in which each machine is a workflow of its name. */
export function definitionsOf(machines: Record<string, Node>): URL {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-machines-'));
  for (const [name, machine] of Object.entries(machines)) {
    writeFileSync(path.join(folder, `${name}.asl.json`), JSON.stringify(machine));
  }
  return pathToFileURL(`${folder}/`);
}

export const task = (name: string, more: Node = {}): Node => ({
  Type: 'Task',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a substitution of CloudFormation
  Resource: '${Fn}'.replace('Fn', name),
  ...more,
});

/** States in this order, each leading to the next, the last one ending. */
export function chain(states: Record<string, Node>): Node {
  const names = Object.keys(states);
  const linked = Object.entries(states).map(([name, state], at) => [
    name,
    { ...state, ...(at === names.length - 1 ? { End: true } : { Next: names[at + 1] }) },
  ]);
  return { StartAt: names[0], States: Object.fromEntries(linked) };
}
