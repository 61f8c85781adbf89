/**
 * What a kind of source has to be able to do, and what it is given to do it with. A source knows nothing of the vault: it
 * pours bytes into a sink and gets blob ids; to restore, it asks a reader for bytes. The content of every snapshot, of
 * whatever kind, is a tree of files, so that `ls`, `cat`, `diff` and a restore to a directory work for all of them.
 */
import type { Clock } from '../core/clock.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Json } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import type { BlobId, BlobKind } from '../format/blob.ts';
import type { Cadence, Problem, Snapshot, Totals } from '../format/snapshot.ts';
import type { Content, Tree, TreeEntry } from '../format/tree.ts';

/** Takes the bytes of a source. Calls copy what they need at once: the caller may reuse its buffer when they return. */
export interface ContentSink {
  /** Bytes up to which `put` is the way to store a whole file; larger contents go through `stream`. */
  readonly smallFile: number;
  /** Stores one blob as it is (no cutting). */
  put(bytes: Uint8Array, kind: BlobKind): BlobId;
  /**
   * Starts a content that is cut into blobs as it flows; `resume` goes on where an earlier stream was suspended. `page`
   * (bytes) cuts at its multiples, for what is written in pages; otherwise the content itself says where.
   */
  stream(resume?: StreamState, page?: number): ContentStream;
  /** True when every blob is in the vault and may be relied on; the source then need not read that content again. */
  holds(blobs: readonly BlobId[]): boolean;
  /** Back-pressure: when it returns a promise, wait for it before pouring on. */
  drain(): Promise<void> | undefined;
  /** Bytes that turned out new, as stored so far. */
  readonly stored: number;
}

export interface ContentStream {
  write(bytes: Uint8Array): void;
  /** As many zeros as a hole of that length reads as. */
  writeHole(length: number): void;
  /**
   * Goes on with a blob that the sink holds, of so many bytes, in place of these bytes. Only where the content is cut
   * anyway: after a whole page, or at the beginning.
   */
  refer(blob: BlobId, length: number): void;
  /** Stores what is left and says where the content is. */
  end(): Content;
  /** Gives up what is not yet cut off and returns how to go on: read again from `state.size` bytes. */
  suspend(): StreamState;
}

/** JSON, so that it fits a cursor. */
export interface StreamState {
  /** Bytes of the content that are stored; the next byte to write is the one at this offset. */
  readonly size: number;
  readonly blobs: readonly BlobId[];
  readonly lists: readonly BlobId[];
}

/** Gives back what is stored; every blob is checked against its id on the way. */
export interface ContentReader {
  blob(id: BlobId): Promise<Buffer>;
  /** The blob when it is at hand without waiting; a fast path, else use `blob`. */
  blobAtHand(id: BlobId): Buffer | undefined;
  /** Bytes of a blob, without reading it. Errors: `VaultDamaged` when it is not in the vault. */
  lengthOf(id: BlobId): number;
  /** Whether these bytes are the blob, by its id: nothing is read. */
  matches(id: BlobId, bytes: Uint8Array): boolean;
  tree(id: BlobId): Promise<Tree>;
  /** Ids of a content's blobs in order, chunk lists resolved. */
  blobsOf(content: Partial<Content>): AsyncIterable<readonly BlobId[]>;
}

/** The snapshot before, for recognising what has not changed. */
export interface PreviousSnapshot {
  readonly id: string;
  readonly root: BlobId;
  readonly time: Date;
  readonly details: Readonly<Record<string, unknown>>;
  readonly totals: Totals;
  tree(id: BlobId): Promise<Tree>;
  /** All that is stored of it. Not there in a worker. */
  readonly reader?: ContentReader;
}

export interface CaptureContext {
  readonly sink: ContentSink;
  readonly previous: PreviousSnapshot | undefined;
  /** The others that `lineage` asked for, in its order. */
  readonly others?: readonly PreviousSnapshot[];
  readonly cadence: Cadence;
  /** The ref or commit that a change event named, for versioned sources. */
  readonly revision: string | undefined;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly log: Log;
}

/** One part of a job. JSON; a few hundred bytes at most, as it travels in workflow payloads. */
export type Shard = { readonly [key: string]: Json };

/** `state` and `result` are JSON of the source's own making; they are kept in the vault, so size is no worry. */
export type CaptureOutcome =
  | { readonly done: false; readonly state: Json; readonly progress: Progress }
  | { readonly done: true; readonly result: Json; readonly progress: Progress };

export interface Progress {
  readonly files: number;
  readonly bytes: number;
}

/** Everything a snapshot needs that only the source knows. `totals.stored` is filled in by whoever owns the sink. */
export interface CapturedContent {
  readonly root: BlobId;
  readonly totals: Omit<Totals, 'stored'>;
  readonly problems: readonly Problem[];
  readonly details: Readonly<Record<string, Json>>;
}

/** One of the parts that a restore, or the comparison after it, is divided into. */
export interface RestorePart {
  readonly shard: Shard;
  /** Results of the parts before it: for the last one of all the others, else of the first. */
  readonly before: readonly Json[];
}

/** To which moment a source with a log is restored; with neither of them, to the end of what the snapshot has. */
export interface RestoreMoment {
  /** ISO 8601 with an offset: what was committed by then, and nothing after. */
  readonly time?: string | undefined;
  /** A position in the log: `16/B374D848`. */
  readonly lsn?: string | undefined;
  /** The name of a restore point. */
  readonly name?: string | undefined;
  /** The server waits there for somebody to look, instead of taking writes. */
  readonly pause?: boolean | undefined;
}

export interface RestoreContext {
  /** Only sources with a log can go to another moment than that of the snapshot. */
  readonly moment?: RestoreMoment | undefined;
  readonly reader: ContentReader;
  readonly root: BlobId;
  /** The snapshot's `details`, as the source wrote them. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Where to: a directory, or a database URL for databases (a directory gets the dump files). */
  readonly target: string;
  /** Only these paths (or tables, for databases) and what lies below them; empty means everything. */
  readonly paths: readonly string[];
  readonly overwrite: boolean;
  /** The target is a scratch place and thrown away afterwards: `validate` may use it up. */
  readonly rehearsal?: boolean;
  /** All of it when there is none. */
  readonly part?: RestorePart;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly log: Log;
}

export type RestoreOutcome =
  | { readonly done: false; readonly state: Json; readonly restored: Progress }
  | {
      readonly done: true;
      readonly restored: Progress;
      readonly problems: readonly Problem[];
      /** What the parts after this one have to know. */
      readonly result?: Json;
    };

export interface ValidationReport {
  /** What was compared, in words of the kind: files and bytes, or tables and rows. */
  readonly checked: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
  /** What the last part has to know. */
  readonly result?: Json;
}

/** What a worker makes a source from again. JSON, without secrets. */
export interface SourceSpec {
  readonly kind: string;
  readonly options: { readonly [key: string]: Json };
}

/** How several workers capture one shard at once. */
export interface Division {
  readonly spec: SourceSpec;
  /** The parts of a shard, each captured as a shard is; a single one where workers would not pay. */
  parts(shard: Shard, context: CaptureContext, workers: number): Promise<readonly Shard[]>;
  /** The result of the shard from those of its parts, in order. */
  join(results: readonly Json[]): Json;
}

/** Something that is no failure yet, and that people have to know of before it becomes one. */
export interface Concern {
  /** One short sentence. */
  readonly subject: string;
  readonly what: string;
  /** What to do, in a sentence that starts with a verb. */
  readonly action: string;
}

/** Ids of snapshots that a new one is made from. */
export interface Lineage {
  /** What it is compared with; it becomes the snapshot's `parent`. */
  readonly parent: string | undefined;
  readonly others: readonly string[];
}

/** One protected thing, of one kind. Implementations: `files`, `git`, `postgres`, `rds`. */
export interface Source {
  readonly kind: string;
  /** For kinds that do not always go on from the newest snapshot. `known`: the source's own of this kind, newest first, none suspicious. */
  lineage?(known: readonly Snapshot[], cadence: Cadence): Promise<Lineage>;
  /**
   * Version of what is there now, for versioned sources; the snapshot of an equal revision is adopted instead of taken again.
   * `undefined` where the cadence asks for a new one in any case.
   */
  revision?(context: CaptureContext): Promise<string | undefined>;
  /**
   * What may go wrong later; asked before `split`. People are told once, and again when it is over. `null`: there is nothing;
   * `undefined`: this run did not look.
   */
  concern?(context: CaptureContext): Promise<Concern | null | undefined>;
  /** For sources whose state was kept elsewhere before this job began: when it was. */
  pointInTime?(context: CaptureContext): Promise<Date>;
  /** Errors: `SourceMissing`, `DatabaseUnreachable`, ... before anything is read. */
  split(context: CaptureContext): Promise<readonly Shard[]>;
  capture(shard: Shard, state: Json | undefined, context: CaptureContext): Promise<CaptureOutcome>;
  /** For kinds that can be captured in several threads at once. */
  division?(): Promise<Division>;
  /** Puts the results of all shards together, in the order of the shards. */
  combine(results: readonly Json[], context: CaptureContext): Promise<CapturedContent>;
  /** Refuses a target that is unusable or not empty, before anything is written. Errors: `TargetNotEmpty`, `TargetUnusable`. */
  checkTarget(context: RestoreContext): Promise<void>;
  restore(state: Json | undefined, context: RestoreContext): Promise<RestoreOutcome>;
  /**
   * For kinds that can be restored and compared by several threads at once: the parts, of which the first has to be done
   * before and the last after all others. None where it would not pay.
   */
  restoreParts?(context: RestoreContext, workers: number): Promise<readonly Shard[]>;
  /** Compares the target with the snapshot, by content and not by what `restore` claims. */
  validate(context: RestoreContext): Promise<ValidationReport>;
  /** Removes what a rehearsal restored. */
  discard(context: RestoreContext): Promise<void>;
}

export type { Content, TreeEntry };
