/** A source directory, a content store and a restore target in a folder of their own, and the steps of a backup over them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { VirtualClock } from '../../../src/core/clock.ts';
import { type Deadline, noDeadline } from '../../../src/core/deadline.ts';
import type { Json } from '../../../src/core/json.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Cadence } from '../../../src/format/snapshot.ts';
import type { TreeEntry } from '../../../src/format/tree.ts';
import { type FilesOptions, filesSource } from '../../../src/sources/files/index.ts';
import type {
  CaptureContext,
  CapturedContent,
  ContentSink,
  PreviousSnapshot,
  RestoreContext,
  Shard,
  Source,
  ValidationReport,
} from '../../../src/sources/port.ts';
import { MemoryContent } from '../memory-content.ts';

export interface Restored {
  readonly restored: { readonly files: number; readonly bytes: number };
  readonly problems: readonly { readonly path: string; readonly what: string }[];
  /** How many calls it took. */
  readonly calls: number;
}

const folders: string[] = [];

afterEach(() => {
  // By programs that walk by descriptor: some trees here are deeper than a path can say.
  for (const folder of folders.splice(0)) {
    if (!isRoot) spawnSync('chmod', ['-R', 'u+rwX', folder]);
    spawnSync('rm', ['-rf', folder]);
  }
});

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-files-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

export class Trial {
  readonly folder = folder();
  readonly path = join(this.folder, 'source');
  readonly target = join(this.folder, 'target');
  readonly content: MemoryContent;
  /** What the source is given to pour into; `content` unless a test stands in between. */
  sink: ContentSink;
  readonly options: Partial<FilesOptions>;
  readonly clock = new VirtualClock('2026-03-15T12:00:00Z');
  source: Source;

  constructor(options: Partial<FilesOptions> = {}, content = new MemoryContent()) {
    this.options = options;
    this.content = content;
    this.sink = content;
    mkdirSync(this.path);
    this.source = this.sourceWith({});
  }

  sourceWith(options: Partial<FilesOptions>): Source {
    return filesSource({ path: this.path, exclude: [], allowEmpty: false, ...this.options, ...options });
  }

  captureContext(more: Partial<CaptureContext> = {}): CaptureContext {
    return {
      sink: this.sink,
      previous: undefined,
      cadence: 'incremental',
      revision: undefined,
      deadline: noDeadline,
      clock: this.clock,
      log: silentLog,
      ...more,
    };
  }

  /** All shards, each as often as its deadline asks for, with everything through JSON as it would travel. */
  async capture(more: Partial<CaptureContext> = {}, deadline?: () => Deadline): Promise<CapturedContent> {
    const context = this.captureContext(more);
    const results: Json[] = [];
    for (const shard of await this.source.split(context)) {
      results.push(await this.captureShard(throughJson(shard) as Shard, context, deadline));
    }
    return throughJson(await this.source.combine(throughJson(results), context));
  }

  async captureShard(shard: Shard, context: CaptureContext, deadline?: () => Deadline): Promise<Json> {
    let state: Json | undefined;
    for (let calls = 0; calls < 20_000; calls += 1) {
      const now = deadline === undefined ? context : { ...context, deadline: deadline() };
      const outcome = await this.source.capture(shard, throughJson(state), now);
      if (outcome.done) return throughJson(outcome.result);
      state = outcome.state;
    }
    throw new Error('the capture does not come to an end');
  }

  previous(captured: CapturedContent, id = 'previous'): PreviousSnapshot {
    const { root, details, totals } = captured;
    const time = this.clock.now();
    return { id, root, time, details, totals: { ...totals, stored: 0 }, tree: (tree) => this.content.tree(tree) };
  }

  async again(captured: CapturedContent, cadence: Cadence = 'incremental'): Promise<CapturedContent> {
    return this.capture({ previous: this.previous(captured), cadence });
  }

  restoreContext(captured: CapturedContent, more: Partial<RestoreContext> = {}): RestoreContext {
    return {
      reader: this.content,
      root: captured.root,
      details: captured.details,
      target: this.target,
      paths: [],
      overwrite: false,
      deadline: noDeadline,
      clock: this.clock,
      log: silentLog,
      ...more,
    };
  }

  async restore(
    captured: CapturedContent,
    more: Partial<RestoreContext> = {},
    deadline?: () => Deadline,
  ): Promise<Restored> {
    let state: Json | undefined;
    for (let calls = 1; calls < 20_000; calls += 1) {
      const context = this.restoreContext(captured, { ...more, ...(deadline && { deadline: deadline() }) });
      const outcome = await this.source.restore(throughJson(state), context);
      if (outcome.done) return { restored: outcome.restored, problems: outcome.problems, calls };
      state = outcome.state;
    }
    throw new Error('the restore does not come to an end');
  }

  validate(captured: CapturedContent, more: Partial<RestoreContext> = {}): Promise<ValidationReport> {
    return this.source.validate(this.restoreContext(captured, more));
  }

  /** The entry at a path of what was captured. */
  async entry(captured: CapturedContent, path: string): Promise<TreeEntry> {
    let tree: string | undefined = captured.root;
    let found: TreeEntry | undefined;
    for (const name of path.split('/')) {
      const { entries } = await this.content.tree(tree ?? '');
      found = entries.find((entry) => entry.name === name);
      tree = found?.tree;
    }
    if (found === undefined) throw new Error(`nothing captured at ${path}`);
    return found;
  }

  /** Paths of everything captured, in the order of the walk; directories with a slash. */
  async paths(captured: CapturedContent, tree = captured.root, prefix = ''): Promise<string[]> {
    const found: string[] = [];
    for (const entry of (await this.content.tree(tree)).entries) {
      const path = prefix + (entry.name ?? `base64:${entry.nameBase64}`);
      found.push(entry.tree === undefined ? path : `${path}/`);
      if (entry.tree !== undefined) found.push(...(await this.paths(captured, entry.tree, `${path}/`)));
    }
    return found;
  }
}

export function throughJson<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** Passes at the `checks`th look. */
export function deadlineAfter(checks: number): Deadline {
  let left = checks;
  return {
    remaining: () => left,
    passed: () => {
      left -= 1;
      return left <= 0;
    },
  };
}

/** Runs with the rights of a user who owns nothing here. The process must be root's. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const nobody = 65_534;
  process.setegid!(nobody);
  process.seteuid!(nobody);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}

export const isRoot = process.getuid?.() === 0;

/** Long ago, so that nothing has to wait for times to settle. */
export function age(path: string, seconds = 1_700_000_000): void {
  utimesSync(path, seconds, seconds);
}

/** Directories one inside the other, deeper than a path can say; `inside` runs with the last as working directory. */
export function makeDeep(path: string, names: readonly string[], inside: () => void): void {
  const before = process.cwd();
  try {
    process.chdir(path);
    for (const name of names) {
      mkdirSync(name);
      process.chdir(name);
    }
    inside();
  } finally {
    process.chdir(before);
  }
}

/** What a directory holds, one line for each thing, found out by programs that have nothing to do with the code under test. */
export function manifest(root: string): string[] {
  const format = '%P\\0%y\\0%m %U:%G %T@\\0%s\\0%i\\0%l\\0';
  const found = output('find', ['.', '-mindepth', '1', '-printf', format], root).split('\0');
  const sums = output(
    'find',
    ['.', '-type', 'f', '-printf', '%P\\0', '-execdir', 'sha1sum', '-z', '{}', ';'],
    root,
  ).split('\0');
  const contents = new Map(sums.flatMap((path, at) => (at % 2 === 0 ? [[path, sums[at + 1]?.slice(0, 40)]] : [])));
  const things = Array.from({ length: Math.floor(found.length / 6) }, (_, at) => found.slice(at * 6, at * 6 + 6));
  things.sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  const firstNames = new Map<string, string>();
  return things.map(([path = '', type, attributes, size, inode = '', link]) => {
    if (!firstNames.has(inode)) firstNames.set(inode, path);
    const what = type === 'f' ? `${size} ${contents.get(path)}` : link;
    return `${path} ${type} ${attributes} ${what} = ${type === 'd' ? '' : firstNames.get(inode)}`;
  });
}

function output(program: string, parameters: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, encoding: 'latin1', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}
