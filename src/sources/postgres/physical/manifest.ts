/**
 * The server's own list of a base backup: every file with its size and checksum, the write-ahead log that belongs to it, and
 * a checksum of the list itself. https://www.postgresql.org/docs/current/backup-manifest-format.html
 */
import { hash } from 'node:crypto';
import * as z from 'zod';
import { fail } from '../../../core/errors.ts';

const fileSchema = z.object({
  /** Relative to the data directory; `Encoded-Path` is in hexadecimal, for names that are not UTF-8. */
  Path: z.string().optional(),
  'Encoded-Path': z.string().optional(),
  Size: z.number().int().nonnegative(),
  'Last-Modified': z.string(),
  'Checksum-Algorithm': z.string().optional(),
  Checksum: z.string().optional(),
});

const manifestSchema = z.object({
  'PostgreSQL-Backup-Manifest-Version': z.union([z.literal(1), z.literal(2)]),
  /** Version 2, of servers from 17 on. JSON numbers cannot hold it, so it is taken from the text. */
  'System-Identifier': z.unknown().optional(),
  Files: z.array(fileSchema),
  'WAL-Ranges': z.array(z.object({ Timeline: z.number(), 'Start-LSN': z.string(), 'End-LSN': z.string() })),
  'Manifest-Checksum': z.string(),
});

export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly lastModified: string;
  /** SHA-256 in hexadecimal; absent where the manifest has none. */
  readonly sha256?: string;
}

export interface WalRange {
  readonly timeline: number;
  readonly start: string;
  readonly end: string;
}

export interface BackupManifest {
  readonly version: 1 | 2;
  readonly systemIdentifier?: string;
  readonly files: readonly ManifestFile[];
  readonly walRanges: readonly WalRange[];
}

const lastLine = '"Manifest-Checksum"';

/** Errors: `ChecksumMismatch` when it does not have the checksum that it says, `DumpFailed` when it cannot be read. */
export function readBackupManifest(bytes: Buffer): BackupManifest {
  const end = bytes.lastIndexOf(lastLine);
  const parsed = parse(bytes);
  if (end < 0 || parsed === undefined) {
    return fail('DumpFailed', 'the backup manifest that the server sent cannot be read', {
      hint: 'Take the backup again; if it says so again, report it with the version of the server.',
    });
  }
  const sum = hash('sha256', bytes.subarray(0, end), 'hex');
  if (sum !== parsed['Manifest-Checksum']) {
    fail('ChecksumMismatch', `the backup manifest has the checksum ${sum} and says ${parsed['Manifest-Checksum']}`, {
      hint: 'It was changed on its way: take the backup again.',
    });
  }
  const identifier = /"System-Identifier":\s*(\d+)/.exec(bytes.toString('latin1', 0, 512))?.[1];
  return {
    version: parsed['PostgreSQL-Backup-Manifest-Version'],
    ...(identifier !== undefined && { systemIdentifier: identifier }),
    files: parsed.Files.map((file) => ({
      path: file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString('utf8'),
      size: file.Size,
      lastModified: file['Last-Modified'],
      ...(file['Checksum-Algorithm'] === 'SHA256' && file.Checksum !== undefined && { sha256: file.Checksum }),
    })),
    walRanges: parsed['WAL-Ranges'].map((range) => ({
      timeline: range.Timeline,
      start: range['Start-LSN'],
      end: range['End-LSN'],
    })),
  };
}

function parse(bytes: Buffer): z.infer<typeof manifestSchema> | undefined {
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** The bytes of a manifest, with its own checksum, in the shape in which servers write it. */
export function writeBackupManifest(manifest: BackupManifest): Buffer {
  const files = manifest.files.map(({ path, size, lastModified, sha256 }) => {
    const sum = sha256 === undefined ? '' : `, "Checksum-Algorithm": "SHA256", "Checksum": "${sha256}"`;
    return `{ "Path": ${JSON.stringify(path)}, "Size": ${size}, "Last-Modified": "${lastModified}"${sum} }`;
  });
  const ranges = manifest.walRanges.map(
    ({ timeline, start, end }) => `{ "Timeline": ${timeline}, "Start-LSN": "${start}", "End-LSN": "${end}" }`,
  );
  const text = [
    `{ "PostgreSQL-Backup-Manifest-Version": ${manifest.version},\n`,
    manifest.systemIdentifier === undefined ? '' : `"System-Identifier": ${manifest.systemIdentifier},\n`,
    `"Files": [\n${files.join(',\n')}\n],\n`,
    `"WAL-Ranges": [\n${ranges.join(',\n')}\n],\n`,
  ].join('');
  return Buffer.from(`${text}${lastLine}: "${hash('sha256', text, 'hex')}"}\n`);
}
