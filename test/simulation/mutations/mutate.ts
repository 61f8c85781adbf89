/** Runs the rest of this process with one thing about the engine broken: its source is changed while it is loaded. */
import { registerHooks } from 'node:module';
import { mutations } from './list.ts';

export function mutate(name: string): void {
  const mutation = mutations.find((one) => one.name === name);
  if (!mutation)
    throw new Error(`no mutation is called ${name}; there are: ${mutations.map((one) => one.name).join(', ')}`);
  const url = new URL(`../../../${mutation.file}`, import.meta.url).href;
  registerHooks({
    load(loaded, context, nextLoad) {
      const module = nextLoad(loaded, context);
      if (loaded !== url) return module;
      const source = String(module.source);
      return { ...module, source: mutated(source, mutation) };
    },
  });
}

/** Errors: when the engine does not say any more what the mutation would break. */
export function mutated(source: string, { name, file, from, to }: (typeof mutations)[number]): string {
  if (source.split(from).length !== 2)
    throw new Error(`mutation ${name}: ${file} has not exactly one ${JSON.stringify(from)}`);
  return source.replace(from, () => to);
}
