/**
 * The directories between the root and where a walk is: opened on the way down, each beside its listing in the snapshot
 * before; closed on the way up, when the listing is stored, or found to be the one that is stored already.
 */
import { lstatSync } from 'node:fs';
import type { TreeEntry } from '../../../format/tree.ts';
import type { CaptureContext } from '../../port.ts';
import { joined, leavePlace, type Place, placeIn, type RawPath, rawName, sameName, shown } from '../raw-path.ts';
import { type Draft, draftOf, isUntouched } from './entry.ts';
import { extendedOf } from './extended.ts';
import {
  type Before,
  type Bound,
  boundsOf,
  closed,
  type Frame,
  type FrameState,
  isBounded,
  isHeadless,
  namesToDo,
  noteMissing,
  openOf,
} from './frame.ts';
import type { Root } from './root.ts';
import { describeFault, isGone, sourceFault, type Tally } from './tally.ts';
import { add, keep, type Step, type Visitor } from './visit.ts';

export interface StackOptions {
  readonly context: CaptureContext;
  readonly visitor: Visitor;
  readonly tally: Tally;
  /** Look at the snapshot before, to recognise what has not changed. */
  readonly comparing: boolean;
}

const exact = { bigint: true } as const;

export class DirectoryStack {
  readonly frames: Frame[] = [];
  readonly #options: StackOptions;

  constructor(options: StackOptions) {
    this.#options = options;
  }

  get top(): Frame {
    return this.frames.at(-1)!;
  }

  /** Opens the root and then, going on from `states`, the directories that were under way. */
  async open(root: Root, from: Bound, to: Bound, states: readonly FrameState[]): Promise<void> {
    const { comparing, context, visitor } = this.#options;
    const state = states[0];
    const whole = root.only === undefined;
    const frame: Frame = {
      name: '',
      entry: whole && from === undefined ? draftOf(root.stat, '', 'directory') : undefined,
      entryHolds: false,
      place: { prefix: root.prefix, fd: undefined },
      path: '',
      names: whole ? namesToDo(root.prefix, from, to, state?.after) : state?.after ? [] : [root.only],
      next: 0,
      after: state?.after && rawName(state.after),
      from,
      to,
      children: [...(state?.children ?? [])],
      before: comparing ? await this.#before({ tree: context.previous!.root }) : undefined,
      identical: false,
    };
    this.frames.push(frame);
    if (frame.entry !== undefined) visitor.attributes(frame, '', frame.entry, extendedOf(root.prefix));
    if (state === undefined) noteMissing(frame);
    for (const inner of states.slice(1)) {
      const name = rawName(inner.name);
      const before = this.top.before?.children.find((child) => sameName(rawName(child), name));
      await this.#push(this.top, name, { entry: inner.entry, entryHolds: inner.entryHolds, before }, inner);
    }
  }

  async enter(parent: Frame, name: RawPath, step: Step & { kind: 'directory' }): Promise<void> {
    const { visitor } = this.#options;
    const { stat } = step;
    const before = step.before !== undefined && isUntouched(step.before, stat, 'directory') ? step.before : undefined;
    const entryHolds = before !== undefined && visitor.holds(before, stat, 'directory');
    let entry: Draft | undefined;
    // Where a shard begins inside a directory, the directory's own entry belongs to the shard before.
    if (!isHeadless(parent, name)) {
      entry = entryHolds ? { ...before } : draftOf(stat, name, 'directory');
      if (!entryHolds) visitor.attributes(parent, name, entry, extendedOf(joined(parent.place.prefix, name)));
    }
    await this.#push(parent, name, { entry, entryHolds, before: step.before });
  }

  async #push(
    parent: Frame,
    name: RawPath,
    directory: { entry: TreeEntry | undefined; entryHolds: boolean; before: TreeEntry | undefined },
    state?: FrameState,
  ): Promise<void> {
    const { from, to } = boundsOf(parent, name);
    let place: Place = { prefix: joined(joined(parent.place.prefix, name), '/'), fd: undefined };
    let names: RawPath[] = [];
    try {
      place = placeIn(parent.place, name);
      names = namesToDo(place.prefix, from, to, state?.after);
    } catch (error) {
      const code = sourceFault(error);
      const underWay = state !== undefined && directory.entry !== undefined;
      // Leaving a directory looks whether it is still there and says so.
      if (!(isGone(code) && underWay)) this.#options.visitor.problem(parent, name, describeFault(code));
      // What is gone has no entry; what is there and cannot be read is a directory with nothing in it, and a problem.
      if (isGone(code) && state === undefined) {
        leavePlace(place);
        return;
      }
    }
    const before = directory.before && this.#options.comparing ? await this.#before(directory.before) : undefined;
    const frame: Frame = {
      name,
      entry: directory.entry,
      entryHolds: directory.entryHolds,
      place,
      path: `${parent.path}${shown(name)}/`,
      names,
      next: 0,
      after: state?.after && rawName(state.after),
      from,
      to,
      children: [...(state?.children ?? [])],
      before,
      identical: before !== undefined && (state?.identical ?? true),
    };
    this.frames.push(frame);
    if (state === undefined) noteMissing(frame);
  }

  /** The directory as the snapshot before has it. A listing that cannot be read any more is not relied on. */
  async #before(entry: Pick<TreeEntry, 'tree'>): Promise<Before | undefined> {
    const { previous, log } = this.#options.context;
    if (entry.tree === undefined || previous === undefined) return undefined;
    try {
      const { entries } = await previous.tree(entry.tree);
      return { tree: entry.tree, children: entries, next: 0 };
    } catch (error) {
      log.warn('previous-listing-unreadable', { tree: entry.tree, error: String(error) });
      return undefined;
    }
  }

  /** Closes the last directory; its entry goes to its parent. */
  leave(): void {
    const frame = this.frames.pop()!;
    leavePlace(frame.place);
    const parent = this.top;
    if (frame.entry !== undefined) {
      this.#options.tally.totals.directories += 1;
      this.#checkStillThere(parent, frame.name, frame.entry);
    }
    if (isBounded(frame)) {
      add(parent, openOf(frame));
      return;
    }
    const { sink } = this.#options.context;
    const { before, entry } = frame;
    const identical = frame.identical && before?.children.length === frame.children.length && sink.holds([before.tree]);
    if (identical && frame.entryHolds) keep(parent, entry!);
    else add(parent, closed(entry!, frame.children as TreeEntry[], sink, identical ? before.tree : undefined));
  }

  /** A directory that was moved away or replaced meanwhile may have given a mixture. */
  #checkStillThere(parent: Frame, name: RawPath, entry: TreeEntry): void {
    try {
      if (String(lstatSync(joined(parent.place.prefix, name), exact).ino) === entry.inode) return;
      this.#options.visitor.problem(parent, name, 'was replaced while it was captured');
    } catch (error) {
      this.#options.visitor.problem(parent, name, describeFault(sourceFault(error)));
    }
  }

  /** Lets go of everything that is held open. */
  close(): void {
    for (const frame of this.frames.splice(0)) leavePlace(frame.place);
  }
}
