/**
 * Timelines: a promoted standby begins a new one, and its history file says where each earlier one was left. That is how a
 * restore finds its way across a failover. Timelines are numbers here and hexadecimal in names of files only.
 */
import { fail } from '../../../core/errors.ts';
import { type Lsn, lsnText, readLsn } from './lsn.ts';

/** A timeline before the last one, and where it was left. */
export interface Branch {
  readonly timeline: number;
  readonly switchedAt: Lsn;
}

export interface TimelineHistory {
  readonly timeline: number;
  /** Oldest first; empty for timeline 1. */
  readonly branches: readonly Branch[];
}

/**
 * Reads a history file: `timeline <tab> position <tab> reason` a line, decimal timelines. Errors: `SourceIncomplete` for
 * one that cannot be true.
 */
export function readHistory(timeline: number, text: string): TimelineHistory {
  const branches: Branch[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)(?:\s|$)/.exec(line);
    const switchedAt = match && readLsn(match[2]!);
    if (!switchedAt) return wrong(timeline, `it has the line ${JSON.stringify(line)}`);
    const branch: Branch = { timeline: Number(match[1]), switchedAt };
    const before = branches.at(-1);
    if (before && (before.timeline >= branch.timeline || before.switchedAt > branch.switchedAt))
      return wrong(timeline, `timeline ${branch.timeline} does not come after timeline ${before.timeline}`);
    branches.push(branch);
  }
  const last = branches.at(-1);
  if (last && last.timeline >= timeline) wrong(timeline, `it names timeline ${last.timeline} as an earlier one`);
  return { timeline, branches };
}

/** A stretch of the log on one timeline. `to` is where it was left; the last one is open. */
export interface Stretch {
  readonly timeline: number;
  readonly from: Lsn;
  readonly to: Lsn | undefined;
}

/**
 * The way from a position on an earlier (or the same) timeline to the end of this history. `undefined` when this history
 * never was at `from` on that timeline: it branched off before, or is of another line altogether.
 */
export function wayFrom(timeline: number, from: Lsn, history: TimelineHistory): Stretch[] | undefined {
  const stretches: Stretch[] = [];
  let start: Lsn | undefined;
  for (const branch of history.branches) {
    if (branch.timeline === timeline) {
      if (branch.switchedAt < from) return undefined;
      start = from;
    }
    if (start === undefined) continue;
    if (branch.switchedAt > start) stretches.push({ timeline: branch.timeline, from: start, to: branch.switchedAt });
    start = branch.switchedAt;
  }
  if (history.timeline === timeline) start = from;
  if (start === undefined) return undefined;
  return [...stretches, { timeline: history.timeline, from: start, to: undefined }];
}

/** Where this history left a timeline; `undefined` for its own and for those it was never on. */
export function leftAt(timeline: number, history: TimelineHistory): Lsn | undefined {
  return history.branches.find((branch) => branch.timeline === timeline)?.switchedAt;
}

/** For people: `timeline 2 since 0/3000148`. */
export function historyWords(history: TimelineHistory): string {
  const last = history.branches.at(-1);
  return `timeline ${history.timeline}${last ? ` since ${lsnText(last.switchedAt)}` : ''}`;
}

function wrong(timeline: number, what: string): never {
  return fail('SourceIncomplete', `the history of timeline ${timeline} cannot be read: ${what}`, {
    hint: 'Look at the .history files in pg_wal of the server.',
    context: { timeline },
  });
}
