/** Reads of the directory store. "Not there" is said only after a look whether the store itself is. */
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, fail } from '../../core/errors.ts';
import { failShort } from '../checks.ts';
import type { ByteRange, ObjectInfo } from '../port.ts';
import { isAbsence, storeFailure } from './failures.ts';
import { folderObject, type Place } from './place.ts';

export async function readObject(place: Place, key: string, range: ByteRange | undefined): Promise<Buffer> {
  const file = place.pathOf(key);
  try {
    return (
      (await readFile(file, range)) ?? (await readFile(path.join(file, folderObject), range)) ?? failMissing(place, key)
    );
  } catch (error) {
    if (errnoOf(error) === 'EIO') {
      fail('VaultDamaged', `${file} cannot be read: the disk reports an error (EIO)`, {
        hint: 'Look at the kernel log and the state of the disk; tidemark verify repairs from a replica.',
        context: { key },
        cause: error,
      });
    }
    if (!isAbsence(error)) throw storeFailure(error, 'read', file);
    await place.requirePresent();
    return failMissing(place, key);
  }
}

export async function headObject(place: Place, key: string): Promise<ObjectInfo | undefined> {
  const file = place.pathOf(key);
  try {
    let found = await fs.stat(file);
    if (found.isDirectory()) found = await fs.stat(path.join(file, folderObject));
    return { key, size: found.size, modified: found.mtime };
  } catch (error) {
    if (!isAbsence(error)) throw storeFailure(error, 'look at', file);
    await place.requirePresent();
    return undefined;
  }
}

/** `undefined` when it is a folder. An open file stays the same bytes, whatever replaces or deletes it meanwhile. */
async function readFile(file: string, range: ByteRange | undefined): Promise<Buffer | undefined> {
  const handle = await fs.open(file, 'r');
  try {
    const found = await handle.stat();
    if (found.isDirectory()) return undefined;
    const { offset, length } = range ?? { offset: 0, length: found.size };
    if (offset + length > found.size) failShort(file, { offset, length }, found.size);
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
      if (bytesRead === 0) failShort(file, { offset, length }, offset + at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

function failMissing(place: Place, key: string): never {
  return fail('ObjectMissing', `${key} is not in ${place.root}`, { context: { key } });
}
