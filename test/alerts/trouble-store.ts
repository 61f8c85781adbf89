/** Troubles in memory, as JSON text, like any store that keeps them between invocations. */
import { type Trouble, type TroubleStore, troubleSchema } from '../../src/alerts/troubles.ts';

export function memoryTroubles(): TroubleStore & { readonly kept: Map<string, string>; failing: boolean } {
  const parse = (text: string): Trouble => troubleSchema.parse(JSON.parse(text));
  return {
    kept: new Map(),
    failing: false,
    async get(key) {
      const text = this.kept.get(key);
      return text === undefined ? undefined : parse(text);
    },
    async put(key, trouble) {
      if (this.failing) throw new Error('the store is gone');
      this.kept.set(key, JSON.stringify(troubleSchema.parse(trouble)));
    },
    async delete(key) {
      this.kept.delete(key);
    },
    async list() {
      return [...this.kept.values()].map(parse);
    },
  };
}
