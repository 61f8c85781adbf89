/** A server that can be backed up physically, and the steps of a backup and a restore over it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresTools } from '../../../../local/postgres/find.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type {
  CaptureContext,
  CapturedContent,
  PreviousSnapshot,
  RestoreContext,
  Source,
} from '../../../../src/sources/port.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { MemoryContent } from '../../memory-content.ts';
import { captureContext, restoreContext as contextOf, folder, server } from '../trial.ts';

/** With `synchronous_commit` off, pages get the hints of a commit only later, and are changed once more by whoever reads them. */
export const settings = {
  synchronous_commit: 'on',
  wal_level: 'replica',
  max_wal_senders: '4',
  full_page_writes: 'on',
  autovacuum: 'off',
};
export const password = 'secret';

export function physicalServer(tools: PostgresTools, more: Readonly<Record<string, string>> = {}) {
  const dataDirectory = join(folder(), 'data');
  return server({ tools, password, dataDirectory, settings: { ...settings, ...more } }).then((running) => ({
    running,
    dataDirectory,
    source: physicalSource({ connection: running.url }),
  }));
}

export interface CapturedServer extends CapturedContent {
  readonly content: MemoryContent;
}

/** Pages and log segments are large: pieces of a page each keep ids as in a vault. */
export function pages(): MemoryContent {
  return new MemoryContent({ piece: 8192 });
}

export async function captureServer(
  source: Source,
  more: Partial<CaptureContext> = {},
  content = pages(),
): Promise<CapturedServer> {
  const context = captureContext(content, more);
  const results = [];
  for (const shard of await source.split(context)) {
    const outcome = await source.capture(shard, undefined, context);
    if (!outcome.done) throw new Error('a base backup is taken in one piece');
    results.push(JSON.parse(JSON.stringify(outcome.result)));
  }
  return { ...(await source.combine(results, context)), content };
}

/** As the next capture sees it. */
export function previousOf({ root, details, totals, content }: CapturedServer): PreviousSnapshot {
  const all = { ...totals, stored: 0 };
  return {
    id: 'before',
    root,
    time: new Date(0),
    details,
    totals: all,
    tree: (id) => content.tree(id),
    reader: content,
  };
}

export function restoreContext(
  captured: CapturedServer,
  target: string,
  more: Partial<RestoreContext> = {},
): RestoreContext {
  return contextOf(captured as never, target, more);
}

export async function restoreServer(source: Source, captured: CapturedServer): Promise<RestoreContext> {
  const context = restoreContext(captured, join(folder(), 'restored'));
  await source.checkTarget(context);
  const outcome = await source.restore(undefined, context);
  if (!outcome.done || outcome.problems.length > 0) throw new Error(`not restored: ${JSON.stringify(outcome)}`);
  return context;
}

/** The stock server of that version on a restored directory. */
export function startOn(target: string, tools: PostgresTools): Promise<RunningPostgres> {
  return server({ tools, password, dataDirectory: target, settings });
}

/** What a program of PostgreSQL says; undefined where it is not installed. */
export function says(tools: PostgresTools, program: string, ...options: string[]): string | undefined {
  const path = join(tools.folder, program);
  if (!existsSync(path)) return undefined;
  const { stdout, stderr, status } = spawnSync(path, options, {
    encoding: 'utf8',
    env: { PATH: tools.folder, LC_ALL: 'C' },
  });
  return `${stdout}${stderr}`.trim() + (status === 0 ? '' : ` (exit code ${status})`);
}
