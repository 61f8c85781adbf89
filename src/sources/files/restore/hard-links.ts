/** Files that have several names: the first is restored with its bytes, the others as further names of it. */
import { nameOf, type TreeEntry } from '../../../format/tree.ts';
import { bytesOf, fromBytes, joined, leavePlace, type Place, placeIn, type RawPath, rawName } from '../raw-path.ts';
import { makeName } from './recreate.ts';

/** First names by the snapshot's key, as paths from the root. */
export type LinksState = readonly (readonly [string, ReturnType<typeof nameOf>])[];

const slash = 0x2f;

export class HardLinks {
  readonly #firstNames: Map<string, RawPath>;

  constructor(state: LinksState = []) {
    this.#firstNames = new Map(state.map(([key, path]) => [key, rawName(path)]));
  }

  /** `path` is from the root. */
  remember(entry: TreeEntry, path: RawPath): void {
    if (entry.hardlink !== undefined) this.#firstNames.set(entry.hardlink, path);
  }

  /** Makes `path` another name of what is restored already; false when nothing of its key is. */
  made(entry: TreeEntry, path: RawPath, root: Place, replacing: boolean): boolean {
    const first = entry.hardlink === undefined ? undefined : this.#firstNames.get(entry.hardlink);
    if (first === undefined) return false;
    const components = split(first);
    let place = root;
    try {
      // By descriptors: the directories on the way may belong to others by now.
      for (const directory of components.slice(0, -1)) {
        const inner = placeIn(place, directory, true);
        if (place !== root) leavePlace(place);
        place = inner;
      }
      makeName(path, joined(place.prefix, components.at(-1)!), replacing);
    } finally {
      if (place !== root) leavePlace(place);
    }
    return true;
  }

  state(): LinksState {
    return [...this.#firstNames].map(([key, path]) => [key, nameOf(bytesOf(path))]);
  }
}

function split(path: RawPath): RawPath[] {
  if (typeof path === 'string') return path.split('/');
  const names: RawPath[] = [];
  for (let from = 0; from <= path.length; ) {
    const next = path.indexOf(slash, from);
    const to = next === -1 ? path.length : next;
    names.push(fromBytes(path.subarray(from, to)));
    from = to + 1;
  }
  return names;
}
