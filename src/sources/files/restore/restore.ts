/**
 * Puts a snapshot's tree back into a directory: depth first, in the order of the listings; a directory gets its own
 * attributes when all of its children are done. It can be put down between two entries and inside a large file. Nothing is
 * written through a symbolic link: directories are made closed to others, or reached through descriptors.
 */
import { chmodSync } from 'node:fs';
import { errnoOf } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { RestoreContext, RestoreOutcome } from '../../port.ts';
import { joined, leavePlace, type Place, placeIn, type RawPath, rawName, shown } from '../raw-path.ts';
import { applyAttributes, isRoot, rootAttributes } from './attributes.ts';
import type { FileProgress } from './content.ts';
import { entryFault } from './fault.ts';
import { clearLeftovers, type FilePlace, FileRestore } from './file.ts';
import { HardLinks, type LinksState } from './hard-links.ts';
import { isSafeName, makeDirectory, makeOther } from './recreate.ts';
import { type Scope, scopeOf } from './scope.ts';
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
  readonly links: LinksState;
  readonly linked: number;
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
  const target = state?.target ?? preparedBefore(context) ?? prepareTarget(context);
  return await new Restore(context, target, state).run(selection, state);
}

/** What the opening made ready, for the parts after it. */
function preparedBefore({ part }: RestoreContext): Target | undefined {
  return (part?.before[0] as { target?: Target } | undefined)?.target;
}

class Restore {
  readonly #context: RestoreContext;
  readonly #target: Target;
  readonly #scope: Scope;
  readonly #files: FileRestore;
  readonly #stack: Frame[] = [];
  readonly #links: HardLinks;
  readonly #problems: Problem[];
  /** An earlier call that died may have gone further than the state says: what it left is replaced. */
  readonly #mayReplace: boolean;
  #fileProgress: FileProgress | undefined;
  /** Entries that have several names and are left for the closing. */
  #linked: number;
  #sockets = 0;
  #entries = 0;
  #bytes = 0;

  constructor(context: RestoreContext, target: Target, state: RestoreState | undefined) {
    this.#context = context;
    this.#target = target;
    this.#files = new FileRestore(context, state?.restored);
    this.#scope = scopeOf(context.part);
    this.#linked = state?.linked ?? 0;
    this.#mayReplace = target.ours && (state !== undefined || this.#scope.role !== 'whole');
    this.#links = new HardLinks(state?.links);
    this.#problems = [...(state?.problems ?? [])];
    this.#fileProgress = state?.file;
  }

  async run(selection: Selection, state: RestoreState | undefined): Promise<RestoreOutcome> {
    try {
      await this.#open(selection, state?.frames);
      for (;;) {
        const frame = this.#stack.at(-1)!;
        const entry = frame.entries[frame.next];
        if (entry === undefined) {
          this.#leave(frame);
          if (this.#stack.length === 0) return this.#finished();
        } else {
          const look = this.#scope.look(frame.path, entry);
          if (look === 'stop') return this.#finished();
          const wanted = look === 'take' ? selected(frame.selection, entry) : undefined;
          const put = wanted === undefined ? true : this.#put(frame, entry, wanted, this.#target.replacing);
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
  #put(frame: Frame, entry: TreeEntry, selection: Selection, replacing: boolean): true | Promise<boolean> {
    const name = rawName(entry);
    if (!isSafeName(name)) return this.#problem(frame, entry, 'has a name that would lead out of its directory');
    const path = joined(frame.place.prefix, name);
    try {
      if (entry.type === 'directory') return this.#enter(frame, entry, selection, replacing);
      if (entry.type === 'socket') {
        this.#sockets += 1;
        return true;
      }
      if (this.#scope.leavesLinks && entry.hardlink !== undefined) {
        this.#linked += 1;
        return true;
      }
      if (this.#links.made(entry, path, this.#stack[0]!.place, replacing)) {
        if (entry.type === 'file') this.#files.files += 1;
        return true;
      }
      if (entry.type !== 'file') {
        makeOther(path, entry, replacing);
        return this.#done(frame, entry, applyAttributes(path, entry));
      }
      const blobs = this.#files.atHand(entry);
      const place = { prefix: frame.place.prefix, path, replacing };
      if (blobs === undefined) return this.#stream(frame, entry, place);
      this.#bytes += entry.size ?? 0;
      return this.#done(frame, entry, this.#files.whole(place, entry, blobs));
    } catch (error) {
      return this.#fault(frame, entry, error, selection, replacing);
    }
  }

  async #stream(frame: Frame, entry: TreeEntry, place: FilePlace): Promise<boolean> {
    const progress = this.#fileProgress;
    this.#fileProgress = undefined;
    const pause = async (written: number): Promise<boolean> => {
      this.#bytes += written;
      if (this.#bytes >= turn.bytes) await this.#giveTurn();
      return this.#context.deadline.passed();
    };
    try {
      const outcome = await this.#files.streamed(place, entry, progress, pause);
      if ('complaints' in outcome) return this.#done(frame, entry, outcome.complaints);
      this.#fileProgress = outcome.suspended;
      return false;
    } catch (error) {
      return this.#fault(frame, entry, error, 'all', place.replacing);
    }
  }

  async #giveTurn(): Promise<void> {
    this.#entries = 0;
    this.#bytes = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #done(frame: Frame, entry: TreeEntry, complaints: readonly string[]): true {
    for (const complaint of complaints) this.#problem(frame, entry, complaint);
    this.#links.remember(entry, joined(frame.path, rawName(entry)));
    return true;
  }

  async #open(selection: Selection, states: RestoreState['frames'] | undefined): Promise<void> {
    const { path, guarded } = this.#target;
    const { entries } = await this.#context.reader.tree(this.#context.root);
    const place = placeIn({ prefix: '', fd: undefined }, path, guarded);
    if (states === undefined) this.#clearLeftovers(place, '');
    const [first, ...others] = states ?? [{ next: this.#scope.begin('', entries), existed: true }];
    this.#stack.push({ entry: undefined, place, path: '', entries, selection, ...first! });
    for (const state of others) {
      const parent = this.#stack.at(-1)!;
      const entry = parent.entries[parent.next]!;
      const inner = await this.#context.reader.tree(entry.tree!);
      this.#push(parent, entry, inner.entries, selected(parent.selection, entry)!, state, true);
    }
  }

  async #enter(parent: Frame, entry: TreeEntry, selection: Selection, replacing: boolean): Promise<boolean> {
    try {
      const { entries } = await this.#context.reader.tree(entry.tree!);
      const path = joined(joined(parent.path, rawName(entry)), '/');
      const madeBefore = this.#scope.role === 'closing' || !this.#scope.finishes(path);
      const found = makeDirectory(joined(parent.place.prefix, rawName(entry)), replacing || madeBefore);
      const state = { next: this.#scope.begin(path, entries), existed: found && !this.#target.ours };
      this.#push(parent, entry, entries, selection, state, found);
      if (found) this.#clearLeftovers(this.#stack.at(-1)!.place, path);
      return true;
    } catch (error) {
      return this.#fault(parent, entry, error, selection, replacing);
    }
  }

  /** `found`: it was there already, so it may be closed to its own owner, or open to others. */
  #push(
    parent: Frame,
    entry: TreeEntry,
    entries: readonly TreeEntry[],
    selection: Selection,
    state: Pick<Frame, 'next' | 'existed'>,
    found: boolean,
  ): void {
    const name = rawName(entry);
    // It gets its permissions, new ones, when it is left.
    if (found && !isRoot() && (selection === 'all' || !state.existed)) {
      chmodSync(joined(parent.place.prefix, name), 0o700);
    }
    const place = placeIn(parent.place, name, this.#target.guarded || found);
    const path = joined(joined(parent.path, name), '/');
    this.#stack.push({ entry, place, path, entries, selection, next: state.next, existed: state.existed });
  }

  /** Of a directory that several parts come by, the opening does it, while nobody is at work there. */
  #clearLeftovers({ prefix }: Place, path: RawPath): void {
    const { replacing, ours } = this.#target;
    const alone = this.#scope.role === 'opening' || this.#scope.finishes(path);
    if ((replacing || ours) && alone) clearLeftovers(prefix);
  }

  #leave(frame: Frame): void {
    const parent = this.#stack.at(-2);
    const own = parent === undefined ? rootAttributes(this.#context.details) : frame.entry;
    const attributes = this.#scope.finishes(frame.path) ? own : undefined;
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

  #fault(
    frame: Frame,
    entry: TreeEntry,
    error: unknown,
    selection: Selection,
    replacing: boolean,
  ): true | Promise<boolean> {
    const inTheWay = errnoOf(error) === 'EEXIST';
    if (inTheWay && !replacing && this.#mayReplace) return this.#put(frame, entry, selection, true);
    return this.#problem(frame, entry, entryFault(error, this.#target.path));
  }

  #problem(frame: Frame, entry: TreeEntry, what: string): true {
    this.#problems.push({ path: shown(joined(frame.path, rawName(entry))), what });
    return true;
  }

  #finished(): RestoreOutcome {
    const done = { done: true, restored: this.#restored(), problems: this.#problems } as const;
    const { role } = this.#scope;
    if (role === 'opening') return { ...done, result: { target: { ...this.#target } } };
    if (role === 'range') return { ...done, result: { linked: this.#linked } };
    finishTarget(this.#context, this.#target);
    if (!isRoot()) this.#context.log.info('owners-not-restored', { because: 'not running as root' });
    if (this.#sockets > 0) this.#context.log.info('sockets-not-restored', { count: this.#sockets });
    return done;
  }

  #suspended(): RestoreOutcome {
    const state: RestoreState = {
      target: this.#target,
      frames: this.#stack.map(({ next, existed }) => ({ next, existed })),
      ...(this.#fileProgress && { file: this.#fileProgress }),
      links: this.#links.state(),
      linked: this.#linked,
      problems: this.#problems,
      restored: this.#restored(),
    };
    return { done: false, state: state as unknown as Json, restored: this.#restored() };
  }

  #restored(): { files: number; bytes: number } {
    return { files: this.#files.files, bytes: this.#files.bytes };
  }
}
