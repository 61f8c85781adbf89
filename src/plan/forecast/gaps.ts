/** Where a forecast found the promise not kept, or prune at a stand: what follows on another is told as one. */
import { day } from '../calendar/zone.ts';
import type { Tier } from '../retention/policy.ts';
import type { Excess } from '../retention/share.ts';
import type { Empty, Lost } from './watch.ts';

export interface Gap {
  /**
   * `lost`: a state that the policy of that time promises had been deleted under an earlier one. `empty`: days, weeks, months or
   * years without a good state. `late`: the newest good state was older than the cadences promise. `frozen`: nothing of the
   * source expired. `refused`: prune would have deleted too much at once, and waits for a person.
   */
  readonly what: 'lost' | 'empty' | 'late' | 'frozen' | 'refused';
  readonly source: string;
  readonly tier?: Tier;
  /** Instants; for `empty` local dates, both included. */
  readonly from: string;
  readonly to: string;
  /** Buckets that are lost or empty; prunes that were refused or found the source frozen. */
  readonly count: number;
  /** In words; for people. */
  readonly says: string;
}

const weight: Readonly<Record<Gap['what'], number>> = { lost: 0, empty: 1, refused: 2, late: 3, frozen: 4 };
/** Two prunes with less between them are in a row. */
const inARow = 2.5 * day;

export class Gaps {
  readonly #done: Gap[] = [];
  readonly #running = new Map<string, Gap>();

  late(source: string, from: Date, to: Date): void {
    const says = 'the newest good state is older than the cadences promise';
    this.#done.push({ what: 'late', source, from: from.toISOString(), to: to.toISOString(), count: 1, says });
  }

  frozen(source: string, now: Date, reason: string): void {
    this.#goesOn('frozen', source, now, `nothing of it expires: ${reason}`);
  }

  refused(now: Date, { source, delete: going, of }: Excess): void {
    this.#goesOn('refused', source, now, `prune refuses to delete ${going} of ${of} snapshots at once`);
  }

  /** One for each tier and moment at which it was first missed. */
  lost({ source, tier, bucket, from, to }: Lost): void {
    const key = `lost ${source} ${tier} ${from.toISOString()}`;
    const known = this.#running.get(key);
    const count = (known?.count ?? 0) + 1;
    const until = known && known.to > to.toISOString() ? known.to : to.toISOString();
    const says =
      count === 1
        ? `the state of ${bucket} is promised, but was deleted before`
        : `${count} states are promised, but were deleted before`;
    this.#running.set(key, { what: 'lost', source, tier, from: from.toISOString(), to: until, count, says });
  }

  empty({ source, tier, from, to, buckets }: Empty): void {
    const says = `no good state of ${from === to ? from : `${from} to ${to}`}`;
    this.#done.push({ what: 'empty', source, tier, from, to, count: buckets, says });
  }

  /** The gravest first, then by time. */
  all(): Gap[] {
    return [...this.#done, ...this.#running.values()].sort(
      (a, b) => weight[a.what] - weight[b.what] || (a.from < b.from ? -1 : a.from > b.from ? 1 : 0),
    );
  }

  #goesOn(what: 'frozen' | 'refused', source: string, now: Date, says: string): void {
    const key = `${what} ${source}`;
    const known = this.#running.get(key);
    if (known && now.getTime() - Date.parse(known.to) <= inARow) {
      this.#running.set(key, { ...known, to: now.toISOString(), count: known.count + 1 });
      return;
    }
    if (known) this.#done.push(known);
    this.#running.set(key, { what, source, from: now.toISOString(), to: now.toISOString(), count: 1, says });
  }
}
