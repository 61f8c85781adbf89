/** The zone of the machine must not show in anything that retention or the calendar decide. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./same-everywhere.ts', import.meta.url));

function runIn(zone: string): { hour: number; hash: string } {
  const env = { ...process.env, TZ: zone };
  return JSON.parse(
    execFileSync(process.execPath, [program], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

test('C2 the same decisions, slots and promises under TZ=UTC, Europe/Rome and Pacific/Kiritimati', () => {
  const [utc, rome, kiritimati] = ['UTC', 'Europe/Rome', 'Pacific/Kiritimati'].map(runIn);
  expect([utc!.hour, rome!.hour, kiritimati!.hour]).toEqual([12, 14, 2]);
  expect(rome!.hash).toBe(utc!.hash);
  expect(kiritimati!.hash).toBe(utc!.hash);
}, 30_000);
