/** The base backup that an incremental one builds on: what the vault has of it. */
import { fail } from '../../../../core/errors.ts';
import type { BlobId } from '../../../../format/blob.ts';
import type { TreeEntry } from '../../../../format/tree.ts';
import type { CaptureContext, ContentReader } from '../../../port.ts';
import { folderNames, manifestName, type PhysicalDetails, physicalDetails } from '../layout.ts';
import { type BackupManifest, readBackupManifest } from '../manifest.ts';
import { readWhole } from '../restore/view.ts';
import type { ServerFacts } from './facts.ts';

/** The first version whose servers know what has changed since a backup. */
const firstMajor = 17;

/** Undefined when all has to be sent: it was asked for, or there is nothing that the server could add to. */
export async function earlierBackup(
  { previous, cadence, log }: CaptureContext,
  facts: ServerFacts,
): Promise<EarlierBackup | undefined> {
  if (cadence === 'full' || facts.major < firstMajor) return undefined;
  const details = physicalDetails.safeParse(previous?.details);
  if (previous?.reader === undefined || !details.success) return undefined;
  const { major, systemIdentifier, blockSize } = details.data;
  if (major !== facts.major || systemIdentifier !== facts.systemIdentifier || blockSize !== facts.blockSize) {
    log.info('all-is-sent', { because: 'the snapshot before is of another server' });
    return undefined;
  }
  if (!facts.summarizes) {
    log.warn('all-is-sent', {
      because: 'the server keeps no summary of what changes',
      hint: 'ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();',
    });
    return undefined;
  }
  return EarlierBackup.open(previous.reader, previous.root, details.data);
}

export class EarlierBackup {
  readonly reader: ContentReader;
  readonly details: PhysicalDetails;
  /** As it is stored. */
  readonly manifestBytes: Buffer;
  readonly manifest: BackupManifest;
  readonly #data: BlobId;
  #sums: ReadonlyMap<string, string | undefined> | undefined;
  readonly #folders = new Map<string, Promise<ReadonlyMap<string, TreeEntry>>>();

  constructor(reader: ContentReader, details: PhysicalDetails, manifest: Buffer, data: BlobId) {
    [this.reader, this.details, this.manifestBytes, this.#data] = [reader, details, manifest, data];
    this.manifest = readBackupManifest(manifest);
  }

  static async open(reader: ContentReader, root: BlobId, details: PhysicalDetails): Promise<EarlierBackup> {
    const { entries } = await reader.tree(root);
    const manifest = entries.find(({ name }) => name === manifestName);
    const data = entries.find(({ name }) => name === folderNames.data)?.tree;
    if (manifest === undefined || data === undefined) {
      return fail('VaultDamaged', 'the snapshot before is no base backup, and says it is one', {
        hint: 'Take a full one: `tidemark backup --cadence full`.',
      });
    }
    return new EarlierBackup(reader, details, await readWhole(reader, manifest), data);
  }

  /** SHA-256 of a file as its manifest has it. */
  sumOf(path: string): string | undefined {
    this.#sums ??= new Map(this.manifest.files.map((file) => [file.path, file.sha256]));
    return this.#sums.get(path);
  }

  /** A file of the data directory. Errors: `VaultDamaged` when it is not there. */
  async file(path: string): Promise<TreeEntry> {
    const slash = path.lastIndexOf('/');
    const found = (await this.#folder(path.slice(0, Math.max(0, slash)))).get(path.slice(slash + 1));
    if (found?.type === 'file') return found;
    return fail('VaultDamaged', `the server has sent changes of ${path}, which the snapshot before does not hold`, {
      hint: 'Take a full one: `tidemark backup --cadence full`.',
    });
  }

  #folder(path: string): Promise<ReadonlyMap<string, TreeEntry>> {
    let known = this.#folders.get(path);
    if (known === undefined) {
      known = this.#read(path);
      this.#folders.set(path, known);
    }
    return known;
  }

  async #read(path: string): Promise<ReadonlyMap<string, TreeEntry>> {
    let tree: BlobId | undefined = this.#data;
    if (path !== '') {
      const slash = path.lastIndexOf('/');
      tree = (await this.#folder(path.slice(0, Math.max(0, slash)))).get(path.slice(slash + 1))?.tree;
    }
    const { entries } = tree === undefined ? { entries: [] } : await this.reader.tree(tree);
    return new Map(entries.map((entry) => [entry.name ?? '', entry]));
  }
}
