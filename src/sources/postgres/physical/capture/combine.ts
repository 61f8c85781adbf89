/** Puts data directory, manifest and log of a base backup together into the root of a snapshot. */
import type { Json } from '../../../../core/json.ts';
import { encodeTree, type TreeEntry } from '../../../../format/tree.ts';
import type { CaptureContext, CapturedContent } from '../../../port.ts';
import { growWal } from '../../wal/tree.ts';
import { folderNames, manifestName } from '../layout.ts';
import type { CapturedBase } from './capture.ts';
import { closedFolder } from './listing.ts';

export async function combineBase(base: CapturedBase, { sink }: CaptureContext): Promise<CapturedContent> {
  const mtime = `${BigInt(Date.parse(base.details.baseEnded)) * 1_000_000n}`;
  const file = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime } as const;
  const wal = await growWal(undefined, undefined, base.wal, { uid: 0, gid: 0, mtime }, sink);
  const folder = { type: 'directory', ...closedFolder, mtime } as const;
  const { files, bytes } = base.totals;
  const entries: TreeEntry[] = [
    { name: manifestName, ...file, ...base.manifest },
    { name: folderNames.data, ...folder, tree: base.tree, below: { files, bytes } },
    { name: folderNames.wal, ...folder, tree: wal.tree, below: { files: wal.files, bytes: wal.bytes } },
  ];
  return {
    root: sink.put(encodeTree({ entries }), 'tree'),
    totals: {
      files: files + wal.files + 1,
      directories: base.totals.directories + wal.made + 2,
      others: base.totals.others,
      bytes: bytes + wal.bytes + base.manifest.size,
      read: base.read,
    },
    problems: base.problems,
    details: { ...(base.details as unknown as Readonly<Record<string, Json>>), base: base.tree },
  };
}
