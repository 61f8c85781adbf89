import { describe, expect, test } from 'vitest';
import { concernOf } from '../../../../src/sources/postgres/wal/follow/concern.ts';
import type { ServerLog, Slot } from '../../../../src/sources/postgres/wal/follow/server.ts';
import { slotName } from '../../../../src/sources/postgres/wal/follow/slot-name.ts';

const gibibyte = 1024n ** 3n;
const concern = (waiting: bigint, slotLimit: number | undefined, slot: Partial<Slot> = {}) => {
  const server = { flushed: 100n * gibibyte, slotLimit } as ServerLog;
  return concernOf(
    server,
    { keptFrom: 100n * gibibyte - waiting, lost: false, room: undefined, ...slot },
    'tidemark_x',
  );
};

describe('log that waits at the server', () => {
  test('without a limit it may fill the disk: the statement that sets one is named', () => {
    expect(concern(2n * gibibyte, undefined)).toMatchObject({
      subject: 'nothing limits the log that the server keeps for us',
      what: expect.stringContaining('slot tidemark_x, 2.0 GiB now'),
      action: expect.stringContaining(`ALTER SYSTEM SET max_slot_wal_keep_size = '20GB'; SELECT pg_reload_conf();`),
    });
  });

  test('far from its limit it is no concern, near it is one before anything is lost', () => {
    const limit = Number(10n * gibibyte);
    expect(concern(gibibyte, limit)).toBeNull();
    expect(concern(5n * gibibyte, limit)?.what).toContain('5.0 GiB of at most 10.0 GiB');
    expect(concern(gibibyte, limit, { room: -1 })?.subject).toContain('nearly gives up');
  });
});

describe('the name of a slot', () => {
  test('is one that PostgreSQL takes, the same every time, and another for another source', () => {
    const names = [
      slotName('node-network', 'db'),
      slotName('node-network', 'DB'),
      slotName('node', 'network-db'),
      slotName('p'.repeat(80), 's'.repeat(50)),
    ];
    for (const name of names) expect(name).toMatch(/^[a-z0-9_]{1,63}$/);
    expect(new Set(names).size).toBe(names.length);
    expect(slotName('node-network', 'db')).toBe(names[0]);
    expect(names[0]).toMatch(/^tidemark_node_network_db_[0-9a-f]{8}$/);
  });
});
