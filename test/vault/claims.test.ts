import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/codec/identity.ts';
import { Claims, newClaims } from '../../src/vault/writing/claims.ts';

const idOf = (number: number): string => sha256(Buffer.from(`blob ${number}`));

test('whoever claims first is told so, across views and however the table grows', () => {
  const buffers = newClaims();
  const [one, other] = [new Claims(buffers), new Claims(buffers)];
  const claimed = new Set<number>();
  for (let step = 0; step < 60_000; step += 1) {
    const number = (step * 7919) % 40_000;
    const [view, seen] = step % 3 === 0 ? [one, other] : [other, one];
    expect(view.claim(idOf(number))).toBe(!claimed.has(number));
    claimed.add(number);
    if (step % 50 === 0) expect(seen.has(idOf(number))).toBe(true);
  }
  expect(claimed.size).toBe(40_000);
  expect(one.has(idOf(40_001))).toBe(false);
});

test('threads that claim the same blobs at the same time share them without one twice or none', async () => {
  const buffers = newClaims();
  const module = new URL('../../src/vault/writing/claims.ts', import.meta.url).href;
  const identity = new URL('../../src/codec/identity.ts', import.meta.url).href;
  const program = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { Claims } = await import('${module}');
    const { sha256 } = await import('${identity}');
    const claims = new Claims(workerData);
    let won = 0;
    for (let number = 0; number < 30000; number += 1) {
      if (claims.claim(sha256(Buffer.from('blob ' + number)))) won += 1;
    }
    parentPort.postMessage(won);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  const workers = [1, 2, 3].map(() => new Worker(url, { workerData: buffers }));
  const won = await Promise.all(
    workers.map(
      (worker) => new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject)),
    ),
  );
  expect(won.reduce((sum, one) => sum + one, 0)).toBe(30_000);
});
