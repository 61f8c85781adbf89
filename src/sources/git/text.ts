/** Commits, tags and trees taken apart. By bytes, as names need not be UTF-8. */
import { fail } from '../../core/errors.ts';

export interface Person {
  readonly name: string;
  readonly email: string;
  /** ISO 8601, UTC. */
  readonly time: string;
}

export interface Commit {
  readonly tree: string;
  readonly author: Person;
  readonly committer: Person;
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly message: string;
}

export function parseCommit(bytes: Buffer): Commit {
  const { fields, message } = headAndMessage(bytes);
  const tree = fields.get('tree') ?? fail('SourceIncomplete', 'a commit names no tree');
  const [author, committer] = [person(fields.get('author')), person(fields.get('committer'))];
  return { tree, author: author.person, committer: committer.person, seconds: committer.seconds, message };
}

/** What a tag points to. */
export function parseTag(bytes: Buffer): { readonly object: string; readonly type: string } {
  const { fields } = headAndMessage(bytes);
  return { object: fields.get('object') ?? '', type: fields.get('type') ?? '' };
}

function headAndMessage(bytes: Buffer): { fields: Map<string, string>; message: string } {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\n\n');
  const fields = new Map<string, string>();
  for (const line of (end < 0 ? text : text.slice(0, end)).split('\n')) {
    const space = line.indexOf(' ');
    // A line that starts with a space goes on with the one before: signatures, which nobody asks for here.
    if (space > 0 && !fields.has(line.slice(0, space))) fields.set(line.slice(0, space), line.slice(space + 1));
  }
  return { fields, message: end < 0 ? '' : text.slice(end + 2) };
}

function person(line: string | undefined): { person: Person; seconds: number } {
  const [, name = '', email = '', time = '0'] = /^(.*?) ?<([^>]*)> (-?\d+)/.exec(line ?? '') ?? [];
  // What no calendar knows comes from broken clocks and importers; the commit is as good as any.
  const seconds = Math.max(-8.64e12, Math.min(8.64e12, Number(time)));
  return { person: { name, email, time: new Date(seconds * 1000).toISOString() }, seconds };
}

export interface GitTreeEntry {
  readonly mode: number;
  readonly name: Buffer;
  readonly id: string;
}

export function parseGitTree(bytes: Buffer): GitTreeEntry[] {
  const entries: GitTreeEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const zero = bytes.indexOf(0, space);
    if (space < 0 || zero < 0 || zero + 21 > bytes.length)
      fail('SourceIncomplete', 'a tree of the repository is cut off');
    entries.push({
      mode: Number.parseInt(bytes.toString('latin1', at, space), 8),
      name: bytes.subarray(space + 1, zero),
      id: bytes.toString('hex', zero + 1, zero + 21),
    });
    at = zero + 21;
  }
  return entries;
}
