/** Contents that are cut at pages, and contents with holes. */
import { expect, test } from 'vitest';
import { seededRandom, systemRandom } from '../../src/core/random.ts';
import type { Content } from '../../src/format/tree.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { Vault } from '../../src/vault/vault.ts';

async function newVault(): Promise<Vault> {
  const store = memoryStore();
  await Vault.create(store, 'none', new Date(0), { random: systemRandom });
  return Vault.open(store, { random: systemRandom });
}

async function bytesOf(vault: Vault, content: Content): Promise<Buffer> {
  const reader = await vault.reader();
  const parts: Buffer[] = [];
  for await (const ids of reader.blobsOf(content)) for (const id of ids) parts.push(await reader.blob(id));
  return Buffer.concat(parts);
}

async function store(
  vault: Vault,
  pour: (stream: ReturnType<Awaited<ReturnType<Vault['writer']>>['stream']>) => void,
  page?: number,
) {
  const writer = await vault.writer();
  const stream = writer.stream(undefined, page);
  pour(stream);
  const content = stream.end();
  const { stored } = await writer.finish();
  return { content, stored };
}

test('a content may go on with blobs that are there, and is what it would have been', async () => {
  const vault = await newVault();
  const page = 8192;
  const bytes = seededRandom(2).bytes(700 * page);
  const { content } = await store(vault, (stream) => stream.write(bytes), page);
  const ids: string[] = [];
  for await (const some of (await vault.reader()).blobsOf(content)) ids.push(...some);
  const changed = Buffer.from(bytes);
  changed[300 * page]! ^= 1;
  const written = await store(vault, (stream) => stream.write(changed), page);
  const referring = await store(
    vault,
    (stream) => {
      for (const [at, id] of ids.entries()) {
        if (at === 300) stream.write(changed.subarray(at * page, (at + 1) * page));
        else stream.refer(id, page);
      }
    },
    page,
  );
  expect(referring.content).toEqual(written.content); // lists and all
  expect(referring.stored).toBe(0);
  expect((await bytesOf(vault, referring.content)).equals(changed)).toBe(true);

  const writer = await vault.writer();
  const stream = writer.stream(undefined, page);
  stream.write(bytes.subarray(0, 100));
  expect(() => stream.refer(ids[0]!, page)).toThrow('100 bytes after the last cut');
});

test('a page that changed is one blob; the pages around it stay', async () => {
  const vault = await newVault();
  const bytes = seededRandom(1).bytes(300 * 8192 + 100);
  const before = await store(vault, (stream) => stream.write(bytes), 8192);
  expect(before.content.blobs).toHaveLength(301);
  bytes[77 * 8192 + 5]! ^= 1;
  bytes[200 * 8192]! ^= 1;
  const blobs = (await vault.index()).size;
  // however it arrives
  const after = await store(
    vault,
    (stream) => {
      for (let at = 0; at < bytes.length; at += 5000) stream.write(bytes.subarray(at, at + 5000));
    },
    8192,
  );
  expect((await vault.index()).size).toBe(blobs + 2);
  expect(after.content.blobs!.filter((id, at) => id !== before.content.blobs![at])).toHaveLength(2);
  expect((await bytesOf(vault, after.content)).equals(bytes)).toBe(true);
});

test.each([
  ['content-defined', undefined],
  ['pages', 8192],
  ['long pages', 65_536],
])('holes are the zeros that they read as, and cost next to nothing: %s', async (_, page) => {
  const random = seededRandom(3);
  const vault = await newVault();
  for (const [before, hole, after] of [
    [0, 64 * 1024, 0],
    [10, 1_000_000, 10],
    [5_000, 3, 70_000],
    [100_000, 200_000_007, 1],
    [65_536, 131_072, 8192],
  ] as const) {
    const [head, tail] = [random.bytes(before), random.bytes(after)];
    const poured = await store(
      vault,
      (stream) => {
        stream.write(head);
        stream.writeHole(hole);
        stream.write(tail);
      },
      page,
    );
    expect(poured.content.size).toBe(before + hole + after);
    expect(poured.stored).toBeLessThan(before + after + 90_000);
    if (hole > 1e8) continue;
    const zeros = Buffer.alloc(hole);
    const same = await store(vault, (stream) => stream.write(Buffer.concat([head, zeros, tail])), page);
    expect(await bytesOf(vault, poured.content)).toEqual(await bytesOf(vault, same.content));
  }
});
