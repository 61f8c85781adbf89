/**
 * Watches whether the promise is kept: for each day, week, month and year that the policy of a moment speaks of, the last good
 * state that there ever was has to be there still. Reckons by itself, from what was taken, and asks nobody what was decided.
 */
import { isoDate } from '../calendar/date.ts';
import { type Zone, zoneOf } from '../calendar/zone.ts';
import type { SourcePlan } from '../plan.ts';
import { type Bucket, bucketOf, keptUntil } from '../retention/bucket.ts';
import { type Tier, tiers } from '../retention/policy.ts';
import type { Planned } from './scenario.ts';

/** The last good state of a bucket. */
interface Best {
  readonly bucket: Bucket;
  readonly id: string;
}

export interface Lost {
  readonly source: string;
  readonly tier: Tier;
  readonly bucket: string;
  /** When it was first, and last, missed. */
  readonly from: Date;
  readonly to: Date;
}

/** Dates in a row of a tier that has no good state for them. `of` counts the buckets that there could have been. */
export interface Empty {
  readonly source: string;
  readonly tier: Tier;
  readonly from: string;
  readonly to: string;
  readonly buckets: number;
}

export class PromiseWatch {
  readonly #states = new Map<string, { id: string; time: number }[]>();
  readonly #best = new Map<string, Best[]>();
  readonly #lost = new Map<string, Lost>();
  #zone: Zone | undefined;

  taken(source: string, id: string, time: Date, { timeZone }: Pick<Planned, 'timeZone'>): void {
    const states = this.#states.get(source) ?? [];
    states.push({ id, time: time.getTime() });
    this.#states.set(source, states);
    this.#turnTo(timeZone);
    this.#note(source, id, time.getTime());
  }

  check(now: Date, plan: Pick<Planned, 'sources' | 'timeZone'>, isThere: (id: string) => boolean): void {
    this.#turnTo(plan.timeZone);
    for (const { id: source, retention } of plan.sources) {
      for (const tier of tiers) {
        const duration = retention[tier];
        if (!duration) continue;
        const best = this.#best.get(`${source}/${tier}`) ?? [];
        for (let at = best.length - 1; at >= 0; at -= 1) {
          const { bucket, id } = best[at]!;
          if (keptUntil(bucket, duration, this.#zone!) <= now.getTime()) break;
          if (isThere(id)) continue;
          const key = `${source}/${bucket.label}`;
          this.#lost.set(key, {
            ...{ source, tier, bucket: bucket.label.slice(tier.length + 1) },
            from: this.#lost.get(key)?.from ?? now,
            to: now,
          });
        }
      }
    }
  }

  lost(): Lost[] {
    return [...this.#lost.values()];
  }

  /** Buckets that have passed between two times, and of which there is nothing. `retentionAt` is asked at the end of each. */
  empty(
    source: string,
    from: Date,
    to: Date,
    retentionAt: (time: number) => SourcePlan['retention'] | undefined,
  ): Empty[] {
    const zone = this.#zone;
    const found: Empty[] = [];
    for (const tier of zone ? tiers : []) {
      const filled = new Set((this.#best.get(`${source}/${tier}`) ?? []).map(({ bucket }) => bucket.label));
      let open: Empty | undefined;
      let date = zone!.dateOf(from.getTime());
      for (
        let bucket = bucketOf(tier, date);
        zone!.startOf(bucket.end) <= to.getTime();
        bucket = bucketOf(tier, date)
      ) {
        const isEmpty = !filled.has(bucket.label) && retentionAt(zone!.startOf(bucket.end))?.[tier] !== undefined;
        if (isEmpty) {
          open = {
            ...{ source, tier, from: open?.from ?? isoDate(date), to: isoDate(bucket.end - 1) },
            buckets: (open?.buckets ?? 0) + 1,
          };
        } else if (open) {
          found.push(open);
          open = undefined;
        }
        date = bucket.end;
      }
      if (open) found.push(open);
    }
    return found;
  }

  #note(source: string, id: string, time: number): void {
    const date = this.#zone!.dateOf(time);
    for (const tier of tiers) {
      const key = `${source}/${tier}`;
      const best = this.#best.get(key) ?? [];
      const bucket = bucketOf(tier, date);
      if (best.at(-1)?.bucket.label === bucket.label) best.pop();
      best.push({ bucket, id });
      this.#best.set(key, best);
    }
  }

  /** Another time zone has other days: all is sorted anew. */
  #turnTo(timeZone: string): void {
    if (this.#zone?.name === timeZone) return;
    this.#zone = zoneOf(timeZone);
    this.#best.clear();
    for (const [source, states] of this.#states) for (const { id, time } of states) this.#note(source, id, time);
  }
}
