/** Everything that chance decides in a history comes from here, and from one seed. */
import { type Random, seededRandom } from '../../../src/core/random.ts';

export class Chance implements Random {
  readonly #random: ReturnType<typeof seededRandom>;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    // neighbouring seeds begin alike
    for (let at = 0; at < 4; at += 1) this.#random.next();
  }

  bytes(length: number): Buffer {
    return this.#random.bytes(length);
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.#random.below(limit);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True this often: 0 never, 1 always. */
  happens(share: number): boolean {
    return share > 0 && this.#random.next() / 0x1_0000_0000 < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][];
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new RangeError('no weights to choose from');
  }

  /** A generator of its own, so that what one part draws does not shift what another does. */
  apart(): Chance {
    return new Chance(this.#random.next());
  }
}
