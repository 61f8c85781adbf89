/** A PostgreSQL server for one test file, and the steps of a backup and a restore over it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { everyPostgres, type PostgresTools } from '../../../local/postgres/find.ts';
import { type RunningPostgres, type StartOptions, startPostgres } from '../../../local/postgres/server.ts';
import { VirtualClock } from '../../../src/core/clock.ts';
import { type Deadline, noDeadline } from '../../../src/core/deadline.ts';
import { type ErrorName, TidemarkError } from '../../../src/core/errors.ts';
import { createLog } from '../../../src/core/log.ts';
import type { CaptureContext, CapturedContent, RestoreContext, Source } from '../../../src/sources/port.ts';
import { type Client, withClient } from '../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../src/sources/postgres/connection.ts';
import { decodeManifest, type Manifest } from '../../../src/sources/postgres/manifest.ts';
import { MemoryContent } from '../memory-content.ts';

/** All that run here, the installed ones first. */
export const installed: readonly PostgresTools[] = await everyPostgres().catch(() => []);
export const noPostgres = installed.length === 0;

const folders: string[] = [];
const servers: RunningPostgres[] = [];

/** A folder that an unprivileged server can get at too. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

export async function server(options: Partial<StartOptions> = {}): Promise<RunningPostgres> {
  const running = await startPostgres({ tools: installed[0]!, dataDirectory: join(folder(), 'data'), ...options });
  servers.push(running);
  return running;
}

export async function cleanUp(): Promise<void> {
  await Promise.all(servers.splice(0).map((running) => running.stop('immediate').catch(() => {})));
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
}

export function sql<Row extends object = Record<string, unknown>>(url: string, text: string): Promise<Row[]> {
  return use(url, async (client) => {
    const results = await client.query<Row>(text);
    const last = Array.isArray(results) ? results.at(-1) : results;
    return last.rows;
  });
}

export function use<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  return withClient(parseConnection(url), work);
}

/** What went to the log. */
export const lines: string[] = [];
const log = createLog((line) => lines.push(line), 'debug');

export interface Captured extends CapturedContent {
  readonly content: MemoryContent;
  readonly manifest: Manifest;
}

export function captureContext(content: MemoryContent, more: Partial<CaptureContext> = {}): CaptureContext {
  return {
    sink: content,
    previous: undefined,
    cadence: 'full',
    revision: undefined,
    deadline: noDeadline,
    clock: new VirtualClock('2026-03-15T12:00:00Z'),
    log,
    ...more,
  };
}

export async function capture(
  source: Source,
  more: Partial<CaptureContext> = {},
  content = new MemoryContent(),
): Promise<Captured> {
  const context = captureContext(content, more);
  const shards = await source.split(context);
  const results = [];
  for (const shard of shards) {
    const outcome = await source.capture(shard, undefined, context);
    if (!outcome.done) throw new Error('a dump is taken in one piece');
    results.push(JSON.parse(JSON.stringify(outcome.result)));
  }
  const captured = await source.combine(results, context);
  return { ...captured, content, manifest: decodeManifest(fileOf(content, captured, 'manifest.json')) };
}

/** The bytes of a file in the snapshot's root. */
export function fileOf(content: MemoryContent, { root }: Pick<CapturedContent, 'root'>, name: string): Buffer {
  const tree = JSON.parse(content.blobs.get(root)!.toString()) as {
    entries: { name: string; blobs?: string[]; lists?: string[] }[];
  };
  const entry = tree.entries.find((one) => one.name === name)!;
  const lists = (entry.lists ?? []).flatMap(
    (id) => (JSON.parse(content.blobs.get(id)!.toString()) as { blobs: string[] }).blobs,
  );
  return Buffer.concat([...(entry.blobs ?? []), ...lists].map((id) => content.blobs.get(id)!));
}

export function restoreContext(captured: Captured, target: string, more: Partial<RestoreContext> = {}): RestoreContext {
  return {
    reader: captured.content,
    root: captured.root,
    details: captured.details,
    target,
    paths: [],
    overwrite: false,
    deadline: noDeadline,
    clock: new VirtualClock('2026-03-16T08:30:00Z'),
    log,
    ...more,
  };
}

/** Restores as the workflow does: the target is checked first. */
export async function restore(source: Source, context: RestoreContext) {
  await source.checkTarget(context);
  const outcome = await source.restore(undefined, context);
  if (!outcome.done) throw new Error('a dump is restored in one piece');
  return outcome;
}

/** The error that `work` ends with; it must be of this name. */
export async function failure(work: Promise<unknown>, name: ErrorName): Promise<TidemarkError> {
  const error = await work.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)?.slice(0, 200)}`),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  expect({ name: error.name, message: error.message }).toEqual({ name, message: error.message });
  return error as TidemarkError;
}

/** A folder of PostgreSQL's programs, some of them replaced by shell scripts; `$real` is the one that is replaced. */
export function toolsWith(tools: PostgresTools, scripts: Readonly<Record<string, string>>): string {
  const made = join(folder(), 'bin');
  mkdirSync(made);
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore']) {
    const real = join(tools.folder, name);
    const script = scripts[name] ?? `exec "$real" "$@"`;
    const version = `[ "$1" = --version ] && exec "$real" --version`;
    writeFileSync(join(made, name), `#!/bin/sh\nreal=${real}\n${version}\n${script}\n`, { mode: 0o755 });
  }
  return made;
}

/** A deadline that passes after so many milliseconds. */
export function shortDeadline(milliseconds: number): Deadline {
  const end = performance.now() + milliseconds;
  return { remaining: () => end - performance.now(), passed: () => performance.now() >= end };
}
