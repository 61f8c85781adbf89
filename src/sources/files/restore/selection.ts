/** Which part of a snapshot is asked for: everything, or some paths with what lies below them. */
import { fail } from '../../../core/errors.ts';
import type { BlobId } from '../../../format/blob.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { ContentReader } from '../../port.ts';
import { rawName, shown } from '../raw-path.ts';

/** By name; names that are not UTF-8 are asked for as they are shown. */
export type Selection = 'all' | ReadonlyMap<string, Selection>;

/** Errors: `InputInvalid` for a path that leads out of the snapshot. */
export function selectionOf(paths: readonly string[]): Selection {
  let selection: Selection = paths.length === 0 ? 'all' : new Map();
  for (const path of paths) selection = withPath(selection, componentsOf(path));
  return selection;
}

/** What is asked for of a child; undefined when nothing is. */
export function selected(selection: Selection, entry: TreeEntry): Selection | undefined {
  return selection === 'all' ? 'all' : selection.get(shown(rawName(entry)));
}

/** Errors: `InputInvalid` when a path is not in the snapshot, as restoring nothing must not look like success. */
export async function checkSelection(selection: Selection, root: BlobId, reader: ContentReader): Promise<void> {
  await check(selection, root, reader, '');
}

async function check(selection: Selection, tree: BlobId, reader: ContentReader, path: string): Promise<void> {
  if (selection === 'all') return;
  const { entries } = await reader.tree(tree);
  for (const [name, inside] of selection) {
    const here = path === '' ? name : `${path}/${name}`;
    const found = entries.find((entry) => shown(rawName(entry)) === name);
    if (found === undefined || (inside !== 'all' && found.tree === undefined)) {
      fail('InputInvalid', `the snapshot holds no path ${JSON.stringify(here)}`, {
        hint: 'Paths are relative to the root of the source; list what the snapshot holds.',
        context: { path: here },
      });
    }
    if (found.tree !== undefined) await check(inside, found.tree, reader, here);
  }
}

function componentsOf(path: string): readonly string[] {
  const components = path.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) {
    fail('InputInvalid', `the path ${JSON.stringify(path)} leads out of the snapshot`, {
      hint: 'Name paths from the root of the source, without "..".',
    });
  }
  return components;
}

function withPath(selection: Selection | undefined, [first, ...rest]: readonly string[]): Selection {
  if (first === undefined || selection === 'all') return 'all';
  return new Map(selection ?? []).set(first, withPath(selection?.get(first), rest));
}
