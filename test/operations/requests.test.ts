/**
 * What a backup asks of its store. Requests are money and time: they grow with the bytes that are new, and not with the files.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { type MeteredStore, metered, type StoreCounts } from '../../src/storage/metered.ts';
import { type SmallMachine, smallMachine } from './small-machine.ts';

const bytesPerPut = 24_000_000;
/** Of a backup, whatever it takes: plan, job, cursor, parts, index, trees, snapshot, lease, trust, run. */
const putsOfARun = 25;

async function counted(
  fill: (data: string) => void,
): Promise<{ machine: SmallMachine; take: () => Promise<StoreCounts> }> {
  let meter: MeteredStore | undefined;
  const machine = await smallMachine({
    replicas: 0,
    store: (store) => {
      meter = metered(store);
      return meter;
    },
  });
  rmSync(machine.data, { recursive: true });
  mkdirSync(machine.data);
  fill(machine.data);
  const take = async (): Promise<StoreCounts> => {
    const before = meter!.counts();
    await machine.succeed('backup', { sources: ['data'] });
    const after = meter!.counts();
    const operations = ['put', 'get', 'head', 'list', 'delete'] as const;
    return Object.fromEntries(
      operations.map((operation) => {
        const [now, then] = [after[operation], before[operation]];
        const { calls, failures, objects, bytes } = now;
        return [
          operation,
          {
            calls: calls - then.calls,
            failures: failures - then.failures,
            objects: objects - then.objects,
            bytes: bytes - then.bytes,
          },
        ];
      }),
    ) as unknown as StoreCounts;
  };
  return { machine, take };
}

function filled(files: number, each: number): (data: string) => void {
  return (data) => {
    const random = seededRandom(5);
    for (let at = 0; at < files; at += 1) {
      if (at % 100 === 0) mkdirSync(join(data, `${at / 100}`));
      writeFileSync(join(data, `${Math.floor(at / 100)}`, `${at}.bin`), random.bytes(each));
    }
  };
}

test('fewer than one put for 24 MB of new data, beside what every run puts', async () => {
  const { take } = await counted(filled(8, 20_000_000));
  const { put } = await take();
  expect(put.bytes).toBeGreaterThan(160_000_000);
  expect(put.calls).toBeLessThan(put.bytes / bytesPerPut + putsOfARun);
});

test('as many requests for 4,000 files as for 400', async () => {
  const [few, many] = [await counted(filled(400, 1_000)), await counted(filled(4_000, 100))];
  const [first, second] = [await few.take(), await many.take()];
  for (const operation of ['put', 'get', 'head', 'list', 'delete'] as const) {
    expect({ operation, calls: second[operation].calls }).toEqual({ operation, calls: first[operation].calls });
  }

  few.machine.at('2026-03-02T02:00:00Z');
  many.machine.at('2026-03-02T02:00:00Z');
  const [again, againMany] = [await few.take(), await many.take()];
  expect(againMany.put.calls).toBe(again.put.calls);
  expect(againMany.get.calls - again.get.calls).toBeLessThan(3); // a larger tree may lie in a frame more
  expect(againMany.head.calls).toBe(again.head.calls);
});

test('listings grow with the vault and not with the source: as many objects are listed for 4,000 files as for 400', async () => {
  const [few, many] = [await counted(filled(400, 1_000)), await counted(filled(4_000, 100))];
  expect((await many.take()).list.objects).toBe((await few.take()).list.objects);
});
