/**
 * Writes a zip archive whose bytes depend on names and contents alone: entries in order of name, one fixed date, one
 * mode. So an unchanged function has an unchanged archive, and a deployment uploads only what changed. No zip64: entries
 * and archive stay far below 4 GiB.
 */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** 1 January 1980, the first date that the format can say. */
const dosDate = 0x21;
/** "Made by" Unix, so that the mode below counts; Lambda refuses files that its user cannot read. */
const madeBy = (3 << 8) | 20;
const needed = 20;
const utf8Names = 0x0800;
const deflated = 8;
const mode = (0o100644 << 16) >>> 0;

export function zip(entries: readonly ZipEntry[]): Buffer {
  const ordered = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of ordered) {
    const name = Buffer.from(entry.name);
    const body = deflateRawSync(entry.bytes, { level: 9 });
    const shared = sharedHeader(entry.bytes, body.length, name.length);
    const local = Buffer.concat([uint32(0x04034b50), uint16(needed), shared, uint16(0), name]);
    directory.push(
      Buffer.concat([
        uint32(0x02014b50),
        uint16(madeBy),
        uint16(needed),
        shared,
        // Lengths of extra field and comment, disk number, internal attributes.
        Buffer.alloc(8),
        uint32(mode),
        uint32(offset),
        name,
      ]),
    );
    parts.push(local, body);
    offset += local.length + body.length;
  }
  const list = Buffer.concat(directory);
  const count = uint16(ordered.length);
  const end = Buffer.concat([uint32(0x06054b50), Buffer.alloc(4), count, count, uint32(list.length), uint32(offset)]);
  return Buffer.concat([...parts, list, end, uint16(0)]);
}

/** The fields that the local header and the central directory have in common, from flags to the length of the name. */
function sharedHeader(bytes: Uint8Array, packed: number, nameLength: number): Buffer {
  return Buffer.concat([
    uint16(utf8Names),
    uint16(deflated),
    uint16(0),
    uint16(dosDate),
    uint32(crc32(bytes)),
    uint32(packed),
    uint32(bytes.length),
    uint16(nameLength),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
