/** The second half of a logs run: the log is read, checked and stored segment by segment, and put beside its base. */
import * as z from 'zod';
import { fail } from '../../../../core/errors.ts';
import type { Json } from '../../../../core/json.ts';
import { encodeTree, type TreeEntry } from '../../../../format/tree.ts';
import type {
  CaptureContext,
  CapturedContent,
  CaptureOutcome,
  ContentStream,
  PreviousSnapshot,
} from '../../../port.ts';
import type { Connection } from '../../connection.ts';
import { withReplication } from '../../replication/connection.ts';
import { furtherOf, type LogDetails, readDetails, restorePointsKept } from '../details.ts';
import { historyName, type Lsn, lsnOf, lsnText, segmentAt, segmentName, startOfSegment, walPage } from '../lsn.ts';
import { WalScan } from '../read/scan.ts';
import { isoOf } from '../read/time.ts';
import { growWal, listWal, type WalFile } from '../tree.ts';
import { type LogsShard, logsShard } from './plan-logs.ts';
import { streamLog } from './stream.ts';

const fileSchema = z.object({
  name: z.string(),
  content: z.object({ size: z.number(), blobs: z.array(z.string()).optional(), lists: z.array(z.string()).optional() }),
  partial: z.boolean().optional(),
});

/** What was read so far; the cursor between invocations, and in the end the result. */
const readSoFar = z.object({
  /** The stretch of the way that is read, and where it is gone on with: the start of a segment. */
  stretch: z.number(),
  from: z.string(),
  files: z.array(fileSchema),
  /** End of the last whole record, on the timeline of its stretch. */
  end: z.string(),
  read: z.number(),
  transactions: z.number(),
  lastTransaction: z.string().optional(),
  restorePoints: z.array(z.object({ name: z.string(), time: z.string(), lsn: z.string() })),
});
type ReadSoFar = z.infer<typeof readSoFar>;

const resultSchema = z.object({ shard: logsShard, read: readSoFar });

export async function captureLogs(
  connection: Connection,
  given: unknown,
  state: Json | undefined,
  context: CaptureContext,
): Promise<CaptureOutcome> {
  const shard = logsShard.parse(given) as LogsShard;
  let read = state === undefined ? begin(shard) : readSoFar.parse(state);
  while (read.stretch < shard.way.length) {
    const before = read;
    const { read: more, whole } = await readStretch(connection, shard, before, context);
    read = more;
    const progress = { files: read.files.length, bytes: read.read };
    if (!whole) return { done: false, state: read as unknown as Json, progress };
    const next = shard.way[before.stretch + 1];
    read = { ...read, stretch: before.stretch + 1, from: next?.from ?? read.end, end: next?.from ?? read.end };
  }
  const result = { shard, read } as unknown as Json;
  return { done: true, result, progress: { files: read.files.length, bytes: read.read } };
}

function begin(shard: LogsShard): ReadSoFar {
  const { from } = shard.way[0]!;
  return { stretch: 0, from, files: [], end: from, read: 0, transactions: 0, restorePoints: [] };
}

/** Reads one stretch to its end, or to the first end of a segment after the deadline. */
async function readStretch(
  connection: Connection,
  shard: LogsShard,
  before: ReadSoFar,
  context: CaptureContext,
): Promise<{ read: ReadSoFar; whole: boolean }> {
  const { timeline, to: wanted } = shard.way[before.stretch]!;
  const { segmentSize, systemIdentifier } = shard;
  const [from, to] = [startOfSegment(lsnOf(before.from), segmentSize), lsnOf(wanted)];
  const scan = new WalScan({ start: from, timeline, segmentSize, systemIdentifier });
  const files = new Segments(timeline, from, segmentSize, context);
  let whole = true;
  await withReplication(connection, async (replication) => {
    for await (const bytes of streamLog(replication, { timeline, from, to, clock: context.clock })) {
      scan.write(bytes);
      const ended = files.write(bytes);
      const draining = context.sink.drain();
      if (draining) await draining;
      if (ended && files.next < to && context.deadline.passed()) {
        whole = false;
        return;
      }
    }
  });
  files.close();
  const end = scan.end > lsnOf(before.end) ? scan.end : lsnOf(before.end);
  const points = scan.restorePoints.map(({ name, time, lsn }) => ({ name, time: isoOf(time), lsn: lsnText(lsn) }));
  return {
    whole,
    read: {
      stretch: before.stretch,
      // a record that runs into the next segment is read again from its start
      from: lsnText(startOfSegment(end, segmentSize)),
      files: [...withoutDoubles(before.files, files.done), ...files.done],
      end: lsnText(end),
      read: before.read + Number(files.next - from),
      transactions: before.transactions + scan.transactions,
      ...lastOf(before.lastTransaction, scan.newestEnd),
      restorePoints: [...before.restorePoints, ...points].slice(-restorePointsKept),
    },
  };
}

function withoutDoubles(files: readonly WalFile[], newer: readonly WalFile[]): ReadSoFar['files'] {
  const names = new Set(newer.map(({ name }) => name));
  return files.filter(({ name }) => !names.has(name)) as ReadSoFar['files'];
}

function lastOf(before: string | undefined, newest: bigint | undefined): { lastTransaction?: string } {
  const now = newest === undefined ? undefined : isoOf(newest);
  const last = before !== undefined && now !== undefined ? (before > now ? before : now) : (now ?? before);
  return last === undefined ? {} : { lastTransaction: last };
}

/** Cuts the log into its segments and stores each as a file of full length. */
class Segments {
  readonly done: ReadSoFar['files'] = [];
  next: Lsn;
  readonly #timeline: number;
  readonly #size: number;
  readonly #context: CaptureContext;
  #stream: ContentStream | undefined;
  #has = 0;

  constructor(timeline: number, from: Lsn, size: number, context: CaptureContext) {
    this.#timeline = timeline;
    this.next = from;
    this.#size = size;
    this.#context = context;
  }

  /** True when a segment has ended in these bytes. */
  write(bytes: Buffer): boolean {
    let ended = false;
    for (let at = 0; at < bytes.length; ) {
      this.#stream ??= this.#context.sink.stream(undefined, walPage);
      const some = Math.min(this.#size - this.#has, bytes.length - at);
      this.#stream.write(bytes.subarray(at, at + some));
      this.#has += some;
      this.next += BigInt(some);
      at += some;
      if (this.#has === this.#size) {
        this.#end(false);
        ended = true;
      }
    }
    return ended;
  }

  /** What is left becomes a segment with a hole at its end: a server takes no short ones. */
  close(): void {
    if (!this.#stream) return;
    this.#stream.writeHole(this.#size - this.#has);
    this.#end(true);
  }

  #end(partial: boolean): void {
    const start = this.next - BigInt(this.#has);
    const name = segmentName(segmentAt(this.#timeline, start, this.#size), this.#size);
    const { size, blobs, lists } = this.#stream!.end();
    const content = { size, ...(blobs && { blobs: [...blobs] }), ...(lists && { lists: [...lists] }) };
    this.done.push({ name, content, ...(partial && { partial }) });
    this.#stream = undefined;
    this.#has = 0;
  }
}

/** The new snapshot: the base as it was, and beside it the log, longer. */
export async function combineLogs(result: Json, context: CaptureContext): Promise<CapturedContent> {
  const { shard, read } = resultSchema.parse(result);
  const all = [context.previous, ...(context.others ?? [])].filter((one) => one !== undefined);
  const on = all.find(({ id }) => id === shard.chain) ?? fail('Unexpected', `the chain ${shard.chain} is not at hand`);
  const details = readDetails(on.details)!;
  const others = all.filter((one) => one !== on);
  const attributes = { uid: 0, gid: 0, mtime: `${BigInt(Date.parse(shard.time)) * 1_000_000n}` };
  const files: WalFile[] = [
    ...(await takenOver(details, others)),
    ...(read.files as WalFile[]),
    ...(shard.history ? [historyFile(shard.history, context)] : []),
  ];
  const { entries } = await on.tree(on.root);
  const wal = entries.find((entry) => entry.name === 'wal');
  const grown = await growWal(on, wal?.tree, files, attributes, context.sink);
  const folder: TreeEntry = {
    ...{ name: 'wal', type: 'directory', mode: 0o700, ...attributes },
    ...{ tree: grown.tree, below: { files: grown.files, bytes: grown.bytes } },
  };
  const root = context.sink.put(
    encodeTree({ entries: [...entries.filter((entry) => entry !== wal), folder].sort(byName) }),
    'tree',
  );
  const { totals } = on;
  return {
    root,
    totals: {
      files: totals.files - (wal?.below?.files ?? 0) + grown.files,
      directories: totals.directories + grown.made,
      others: totals.others,
      bytes: totals.bytes - (wal?.below?.bytes ?? 0) + grown.bytes,
      read: read.read,
    },
    problems: [],
    details: { ...(on.details as Record<string, Json>), ...newDetails(shard, read, details, others) },
  };
}

function newDetails(
  shard: z.infer<typeof logsShard>,
  read: ReadSoFar,
  details: LogDetails,
  others: readonly PreviousSnapshot[],
): Record<string, Json> {
  const sources = [details, ...others.flatMap((one) => readDetails(one.details) ?? [])];
  const last = [...sources.map(({ lastTransaction }) => lastTransaction), read.lastTransaction]
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
  // on a standby the clock runs ahead of what has arrived: only what its log says is sure
  const latest = [details.window.latest, shard.standby ? (last ?? '') : shard.time].sort().at(-1)!;
  const points = [...sources.flatMap(({ restorePoints }) => restorePoints), ...read.restorePoints];
  const named = new Map(
    points.filter(({ lsn }) => lsnOf(lsn) >= details.stop).map((point) => [`${point.lsn} ${point.name}`, point]),
  );
  return {
    base: details.base,
    walEnd: read.end,
    walTimeline: shard.way.at(-1)!.timeline,
    window: { earliest: details.window.earliest, latest },
    ...(last !== undefined && { lastTransaction: last }),
    restorePoints: [...named.values()]
      .sort((a, b) => (a.time < b.time ? -1 : 1))
      .slice(-restorePointsKept)
      .map((point) => ({ ...point })),
  };
}

/** What other chains have of the log from the end of this base on. */
async function takenOver(details: LogDetails, others: readonly PreviousSnapshot[]): Promise<WalFile[]> {
  const files: WalFile[] = [];
  const first = segmentName(segmentAt(details.baseTimeline, details.stop, details.segmentSize), details.segmentSize);
  for (const other of others) {
    const further = readDetails(other.details);
    if (!further || furtherOf(further, details) <= 0) continue;
    const wal = (await other.tree(other.root)).entries.find((entry) => entry.name === 'wal')?.tree;
    if (wal === undefined) continue;
    for await (const { name, size = 0, blobs, lists, sparse } of listWal(other, wal)) {
      if (name!.endsWith('.history') || name!.slice(8) < first.slice(8)) continue;
      files.push({
        name: name!,
        content: { size, ...(blobs && { blobs }), ...(lists && { lists }) },
        ...(sparse && { partial: true }),
      });
    }
  }
  return files;
}

function historyFile({ timeline, text }: { timeline: number; text: string }, { sink }: CaptureContext): WalFile {
  const bytes = Buffer.from(text);
  return { name: historyName(timeline), content: { size: bytes.length, blobs: [sink.put(bytes, 'data')] } };
}

const byName = (a: TreeEntry, b: TreeEntry): number => (a.name! < b.name! ? -1 : 1);
