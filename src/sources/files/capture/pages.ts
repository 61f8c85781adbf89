/**
 * Files that programs write in pages: database files and disk images. A page is written as a whole and where it was, so
 * cuts at pages store least: a page that changed is one small blob, and the neighbours stay what they were.
 *
 * Told by their first bytes, never by their names:
 * - PostgreSQL relations: the header of a page, https://www.postgresql.org/docs/current/storage-page-layout.html
 * - PostgreSQL write-ahead log: segments of 16 MiB whose pages begin with a magic number 0xD1..
 * - SQLite: https://www.sqlite.org/fileformat.html#the_database_header
 * - InnoDB: page 0 of a tablespace is a file space header (type 8)
 * - disk images: the boot signature of MBR and GPT
 */

/** So many bytes of the beginning are needed. */
export const headLength = 64 * 1024;

const postgresPage = 8192;
const innodbPage = 16 * 1024;
/** File systems on an image write blocks of 4 KiB, mostly several in a row. */
const imageBlock = 16 * 1024;
const walSegment = 16 * 1024 * 1024;

/** Bytes of a page, or undefined for files of any other kind. `size`: bytes of the whole file. */
export function pageSizeOf(head: Buffer, size: number): number | undefined {
  if (size % 4096 !== 0 || head.length < 4096) return undefined;
  if (size % postgresPage === 0 && (isPostgres(head) || (size === walSegment && head[1] === 0xd1))) return postgresPage;
  if (head.toString('latin1', 0, 16) === 'SQLite format 3\0') return sqlitePage(head);
  if (size % innodbPage === 0 && head.readUInt16BE(24) === 8 && head.readUInt32BE(4) === 0) return innodbPage;
  if (head.readUInt16LE(510) === 0xaa55) return imageBlock;
  return undefined;
}

/** The first page that is not empty has a version, a page size and offsets that can be meant. */
function isPostgres(head: Buffer): boolean {
  for (let page = 0; page + postgresPage <= head.length; page += postgresPage) {
    const [lower, upper, special] = [12, 14, 16].map((at) => head.readUInt16LE(page + at)) as [number, number, number];
    const layout = head.readUInt16LE(page + 18);
    if (lower === 0 && upper === 0 && layout === 0) continue;
    return layout === postgresPage + 4 && lower >= 24 && lower <= upper && upper <= special && special <= postgresPage;
  }
  return false;
}

/** Small pages are taken several at a time. */
function sqlitePage(head: Buffer): number {
  const said = head.readUInt16BE(16);
  return said === 1 ? 65_536 : Math.max(4096, said);
}
