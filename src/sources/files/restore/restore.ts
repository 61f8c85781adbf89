/**
 * Puts a snapshot's tree back into a directory: depth first, in the order of the listings; a directory gets its own
 * attributes when all of its children are done. It can be put down between two entries and inside a large file. Nothing is
 * written through a symbolic link: directories are made closed to others, or reached through descriptors.
 */
import { chmodSync } from 'node:fs';
import type { Json } from '../../../core/json.ts';
import type { Problem } from '../../../format/snapshot.ts';
import { nameOf, type TreeEntry } from '../../../format/tree.ts';
import type { RestoreContext, RestoreOutcome } from '../../port.ts';
import {
  bytesOf,
  fromBytes,
  joined,
  leavePlace,
  type Place,
  placeIn,
  type RawPath,
  rawName,
  shown,
} from '../raw-path.ts';
import { applyAttributes, isRoot, rootAttributes } from './attributes.ts';
import type { FileProgress } from './content.ts';
import { entryFault } from './fault.ts';
import { FileRestore } from './file.ts';
import { isSafeName, makeDirectory, makeName, makeOther } from './recreate.ts';
import { checkSelection, type Selection, selected, selectionOf } from './selection.ts';
import { finishTarget, prepareTarget, type Target } from './target.ts';

interface Frame {
  /** Undefined for the root. */
  readonly entry: TreeEntry | undefined;
  readonly place: Place;
  /** Relative to the root, with a slash at its end; empty for the root. */
  readonly path: RawPath;
  readonly entries: readonly TreeEntry[];
  /** The entry that is next or, where a directory below is open, under way. */
  next: number;
  readonly selection: Selection;
  /** The directory was there before. */
  readonly existed: boolean;
}

interface RestoreState {
  readonly target: Target;
  readonly frames: readonly Pick<Frame, 'next' | 'existed'>[];
  readonly file?: FileProgress;
  /** First names of files that have several, by the snapshot's key. */
  readonly links: readonly (readonly [string, ReturnType<typeof nameOf>])[];
  readonly problems: readonly Problem[];
  readonly restored: { readonly files: number; readonly bytes: number };
}

/** How much is done before other work in the process gets its turn. */
const turn = { entries: 256, bytes: 4 * 1024 * 1024 };

/** Errors: `TargetNotEmpty`, `TargetUnusable`, `InputInvalid`; what concerns single entries becomes problems. */
export async function restore(json: Json | undefined, context: RestoreContext): Promise<RestoreOutcome> {
  const state = json as unknown as RestoreState | undefined;
  const selection = selectionOf(context.paths);
  if (state === undefined) await checkSelection(selection, context.root, context.reader);
  const restoring = new Restore(context, state?.target ?? prepareTarget(context), state);
  return await restoring.run(selection, state);
}

class Restore {
  readonly #context: RestoreContext;
  readonly #target: Target;
  readonly #files: FileRestore;
  readonly #stack: Frame[] = [];
  readonly #links: Map<string, RawPath>;
  readonly #problems: Problem[];
  #fileProgress: FileProgress | undefined;
  #sockets = 0;
  #entries = 0;
  #bytes = 0;

  constructor(context: RestoreContext, target: Target, state: RestoreState | undefined) {
    this.#context = context;
    this.#target = target;
    this.#files = new FileRestore(context, target.replacing, state?.restored);
    this.#links = new Map(state?.links.map(([key, path]) => [key, rawName(path)]));
    this.#problems = [...(state?.problems ?? [])];
    this.#fileProgress = state?.file;
  }

  async run(selection: Selection, state: RestoreState | undefined): Promise<RestoreOutcome> {
    try {
      await this.#open(selection, state?.frames ?? [{ next: 0, existed: true }]);
      for (;;) {
        const frame = this.#stack.at(-1)!;
        const entry = frame.entries[frame.next];
        if (entry === undefined) {
          this.#leave(frame);
          if (this.#stack.length === 0) return this.#finished();
        } else {
          const wanted = selected(frame.selection, entry);
          const put = wanted === undefined ? true : this.#put(frame, entry, wanted);
          if (put !== true && !(await put)) return this.#suspended();
          // Above an open directory, its entry stays the one under way until it is left.
          if (this.#stack.at(-1) === frame) frame.next += 1;
        }
        this.#entries += 1;
        if (this.#entries >= turn.entries || this.#bytes >= turn.bytes) await this.#giveTurn();
        if (this.#context.deadline.passed()) return this.#suspended();
      }
    } finally {
      for (const frame of this.#stack.splice(0)) leavePlace(frame.place);
    }
  }

  /** Puts back one entry; false when the restore has to stop inside it. */
  #put(frame: Frame, entry: TreeEntry, selection: Selection): true | Promise<boolean> {
    const { replacing } = this.#target;
    const name = rawName(entry);
    if (!isSafeName(name)) return this.#problem(frame, entry, 'has a name that would lead out of its directory');
    const path = joined(frame.place.prefix, name);
    try {
      if (entry.type === 'directory') return this.#enter(frame, entry, selection);
      if (entry.type === 'socket') {
        this.#sockets += 1;
        return true;
      }
      const first = entry.hardlink === undefined ? undefined : this.#links.get(entry.hardlink);
      if (first !== undefined) {
        this.#linkTo(first, path);
        if (entry.type === 'file') this.#files.files += 1;
        return true;
      }
      if (entry.type !== 'file') {
        makeOther(path, entry, replacing);
        return this.#done(frame, entry, applyAttributes(path, entry));
      }
      const blobs = this.#files.atHand(entry);
      if (blobs === undefined) return this.#stream(frame, entry, path);
      this.#bytes += entry.size ?? 0;
      return this.#done(frame, entry, this.#files.whole(frame.place.prefix, path, entry, blobs));
    } catch (error) {
      return this.#fault(frame, entry, error);
    }
  }

  async #stream(frame: Frame, entry: TreeEntry, path: RawPath): Promise<boolean> {
    const progress = this.#fileProgress;
    this.#fileProgress = undefined;
    const pause = async (written: number): Promise<boolean> => {
      this.#bytes += written;
      if (this.#bytes >= turn.bytes) await this.#giveTurn();
      return this.#context.deadline.passed();
    };
    try {
      const outcome = await this.#files.streamed(frame.place.prefix, path, entry, progress, pause);
      if ('complaints' in outcome) return this.#done(frame, entry, outcome.complaints);
      this.#fileProgress = outcome.suspended;
      return false;
    } catch (error) {
      return this.#fault(frame, entry, error);
    }
  }

  async #giveTurn(): Promise<void> {
    this.#entries = 0;
    this.#bytes = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #done(frame: Frame, entry: TreeEntry, complaints: readonly string[]): true {
    for (const complaint of complaints) this.#problem(frame, entry, complaint);
    if (entry.hardlink !== undefined) this.#links.set(entry.hardlink, joined(frame.path, rawName(entry)));
    return true;
  }

  /** Another name for what was put back at `first` already, a path from the root. */
  #linkTo(first: RawPath, path: RawPath): void {
    const components = splitPath(first);
    let place = this.#stack[0]!.place;
    try {
      for (const directory of components.slice(0, -1)) {
        const inner = placeIn(place, directory, true);
        if (place !== this.#stack[0]!.place) leavePlace(place);
        place = inner;
      }
      makeName(path, joined(place.prefix, components.at(-1)!), this.#target.replacing);
    } finally {
      if (place !== this.#stack[0]!.place) leavePlace(place);
    }
  }

  async #open(selection: Selection, states: RestoreState['frames']): Promise<void> {
    const { path, guarded } = this.#target;
    const { entries } = await this.#context.reader.tree(this.#context.root);
    const place = placeIn({ prefix: '', fd: undefined }, path, guarded);
    const [first, ...others] = states;
    this.#stack.push({ entry: undefined, place, path: '', entries, selection, ...first! });
    for (const state of others) {
      const parent = this.#stack.at(-1)!;
      const entry = parent.entries[parent.next]!;
      const inner = await this.#context.reader.tree(entry.tree!);
      const wanted = selected(parent.selection, entry)!;
      this.#push(parent, entry, inner.entries, wanted, state);
    }
  }

  async #enter(parent: Frame, entry: TreeEntry, selection: Selection): Promise<true> {
    try {
      const { entries } = await this.#context.reader.tree(entry.tree!);
      const path = joined(parent.place.prefix, rawName(entry));
      const found = makeDirectory(path, this.#target.replacing);
      // One that was there may be closed to its own owner. It gets its permissions, new ones, when it is left.
      if (found && selection === 'all' && !isRoot()) chmodSync(path, 0o700);
      this.#push(parent, entry, entries, selection, { next: 0, existed: found && !this.#target.ours });
      return true;
    } catch (error) {
      return this.#fault(parent, entry, error);
    }
  }

  #push(
    parent: Frame,
    entry: TreeEntry,
    entries: readonly TreeEntry[],
    selection: Selection,
    state: Pick<Frame, 'next' | 'existed'>,
  ): void {
    const place = placeIn(parent.place, rawName(entry), this.#target.guarded);
    const path = joined(joined(parent.path, rawName(entry)), '/');
    this.#stack.push({ entry, place, path, entries, selection, next: state.next, existed: state.existed });
  }

  #leave(frame: Frame): void {
    const parent = this.#stack.at(-2);
    const attributes = parent === undefined ? rootAttributes(this.#context.details) : frame.entry;
    // A directory that was there and only leads to what was asked for is not touched itself.
    if (attributes !== undefined && (frame.selection === 'all' || !frame.existed)) {
      const complaints = applyAttributes(joined(frame.place.prefix, '.'), attributes, { existed: frame.existed });
      const path = shown(frame.path).replace(/\/$/, '');
      for (const what of complaints) this.#problems.push({ path, what });
    }
    this.#stack.pop();
    leavePlace(frame.place);
    if (parent !== undefined) parent.next += 1;
  }

  #fault(frame: Frame, entry: TreeEntry, error: unknown): true {
    return this.#problem(frame, entry, entryFault(error, this.#target.path));
  }

  #problem(frame: Frame, entry: TreeEntry, what: string): true {
    this.#problems.push({ path: shown(joined(frame.path, rawName(entry))), what });
    return true;
  }

  #finished(): RestoreOutcome {
    finishTarget(this.#context, this.#target);
    if (!isRoot()) this.#context.log.info('owners-not-restored', { because: 'not running as root' });
    if (this.#sockets > 0) this.#context.log.info('sockets-not-restored', { count: this.#sockets });
    return { done: true, restored: this.#restored(), problems: this.#problems };
  }

  #suspended(): RestoreOutcome {
    const state: RestoreState = {
      target: this.#target,
      frames: this.#stack.map(({ next, existed }) => ({ next, existed })),
      ...(this.#fileProgress && { file: this.#fileProgress }),
      links: [...this.#links].map(([key, path]) => [key, nameOf(bytesOf(path))]),
      problems: this.#problems,
      restored: this.#restored(),
    };
    return { done: false, state: state as unknown as Json, restored: this.#restored() };
  }

  #restored(): { files: number; bytes: number } {
    return { files: this.#files.files, bytes: this.#files.bytes };
  }
}

function splitPath(path: RawPath): RawPath[] {
  if (typeof path === 'string') return path.split('/');
  const names: RawPath[] = [];
  for (let from = 0; from <= path.length; ) {
    const slash = path.indexOf(0x2f, from);
    const to = slash === -1 ? path.length : slash;
    names.push(fromBytes(path.subarray(from, to)));
    from = to + 1;
  }
  return names;
}
