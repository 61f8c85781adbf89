/** How much the sources weigh: as the command line says, else as the snapshots of the vault show, else a supposition. */
import type { Snapshot } from '../../src/format/snapshot.ts';
import { nearest, type Plan, type Size } from '../../src/plan/index.ts';
import type { Asked } from '../verb.ts';
import { bytesFrom, shareFrom, wrong } from './quantity.ts';

export interface Weighed {
  readonly sizes: ReadonlyMap<string, Size>;
  /** Where each source's size comes from. */
  readonly basis: ReadonlyMap<string, 'option' | 'vault' | 'supposed'>;
}

const day = 86_400_000;
const supposed: Size = { bytes: 100e9, dailyChange: 0.02, yearlyGrowth: 0 };
/** The newest of these tell how fast a source changes. */
const lookedAt = 60;

/** Errors: `UsageInvalid`. */
export function sizesFrom(words: Pick<Asked, 'text' | 'list'>, plan: Plan, snapshots: readonly Snapshot[]): Weighed {
  const change = words.text('daily-change');
  const growth = words.text('growth');
  const given = givenSizes(words.list('size'), plan);
  const sizes = new Map<string, Size>();
  const basis = new Map<string, 'option' | 'vault' | 'supposed'>();
  for (const { id } of plan.sources) {
    const seen = sizeSeen(snapshots.filter(({ source }) => source === id));
    const bytes = given.get(id) ?? given.get('');
    sizes.set(id, {
      ...(seen ?? supposed),
      ...(bytes !== undefined && { bytes }),
      ...(change !== undefined && { dailyChange: shareFrom('daily-change', change) }),
      ...(growth !== undefined && { yearlyGrowth: shareFrom('growth', growth, 1000) }),
    });
    basis.set(id, bytes !== undefined ? 'option' : seen ? 'vault' : 'supposed');
  }
  return { sizes, basis };
}

/** `100GB` for every source, `shop=1TB` for one. */
function givenSizes(words: readonly string[], plan: Plan): Map<string, number> {
  const ids = plan.sources.map(({ id }) => id);
  return new Map(
    words.map((text) => {
      const at = text.indexOf('=');
      const id = text.slice(0, Math.max(at, 0));
      if (at >= 0 && !ids.includes(id)) {
        const near = nearest(id, ids);
        wrong('size', text, near === undefined ? `The plan has: ${ids.join(', ')}.` : `Did you mean ${near}?`);
      }
      return [id, bytesFrom('size', text.slice(at + 1))];
    }),
  );
}

/**
 * What a snapshot takes alone: its bytes, as far as the first one of the source was compressed. What changes in a day: the
 * median of what was stored, for each day since the one before. `snapshots` newest first.
 */
export function sizeSeen(snapshots: readonly Snapshot[]): Size | undefined {
  const sound = snapshots.filter(({ suspicion, totals }) => suspicion === undefined && totals.bytes > 0);
  const [newest, first] = [sound[0], sound.at(-1)];
  if (!newest || !first) return undefined;
  const whole = first.totals.read > 0 ? Math.min(1.1, first.totals.stored / first.totals.read) : 1;
  const bytes = newest.totals.bytes * whole;
  const changes = sound.slice(0, Math.min(lookedAt, sound.length - 1)).map((one, at) => {
    const days = Math.max((Date.parse(one.time) - Date.parse(sound[at + 1]!.time)) / day, 1 / 24);
    return Math.min(1, one.totals.stored / Math.max(1, one.totals.bytes * whole) / days);
  });
  changes.sort((a, b) => a - b);
  const dailyChange = changes[Math.floor(changes.length / 2)] ?? supposed.dailyChange;
  return { bytes: Math.round(bytes), dailyChange, yearlyGrowth: 0 };
}
