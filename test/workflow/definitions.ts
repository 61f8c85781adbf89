/** The deployed state machines as data, and a way through all of their states, those inside maps included. */
import { readdirSync, readFileSync } from 'node:fs';

// biome-ignore lint/suspicious/noExplicitAny: JSON as it is written
export type Node = Record<string, any>;

export interface Placed {
  readonly name: string;
  readonly state: Node;
  /** Maps around the state, outermost first. */
  readonly maps: readonly Node[];
}

const folder = new URL('../../statemachines/', import.meta.url);

export const workflowNames = readdirSync(folder)
  .filter((file) => file.endsWith('.asl.json'))
  .map((file) => file.replace('.asl.json', ''));

export const definitionOf = (workflow: string): Node =>
  JSON.parse(readFileSync(new URL(`${workflow}.asl.json`, folder), 'utf8'));

export function statesIn(machine: Node, maps: readonly Node[] = []): Placed[] {
  return Object.entries(machine.States as Record<string, Node>).flatMap(([name, state]) => [
    { name, state, maps },
    ...(state.ItemProcessor ? statesIn(state.ItemProcessor, [...maps, state]) : []),
  ]);
}

/** States that can be reached from the start of each machine, by name. */
export function reachableIn(machine: Node): string[] {
  const seen = new Set<string>();
  const visit = (name: string | undefined): void => {
    if (name === undefined || seen.has(name)) return;
    seen.add(name);
    const { Next, Default, Choices = [], Catch = [] } = machine.States[name];
    for (const next of [Next, Default, ...[...Choices, ...Catch].map((way: Node) => way.Next)]) visit(next);
  };
  visit(machine.StartAt);
  const inside = [...seen].flatMap((name) => {
    const { ItemProcessor } = machine.States[name];
    return ItemProcessor ? reachableIn(ItemProcessor) : [];
  });
  return [...seen, ...inside];
}

/** `plan-backup` of `${PlanBackup}`. */
export const functionIn = (state: Node): string =>
  (state.Resource as string)
    .replace(/^\$\{|\}$/g, '')
    .replace(/(?<!^)[A-Z]/g, '-$&')
    .toLowerCase();

export const tasksIn = (machine: Node): Placed[] => statesIn(machine).filter(({ state }) => state.Type === 'Task');
