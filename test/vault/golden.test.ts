/** F8: what format version 1 has written is restored for ever. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { noDeadline } from '../../src/core/deadline.ts';
import { silentLog } from '../../src/core/log.ts';
import { seededRandom } from '../../src/core/random.ts';
import { layout } from '../../src/format/layout.ts';
import { filesSource } from '../../src/sources/files/index.ts';
import type { RestoreContext } from '../../src/sources/port.ts';
import { checkIndex, checkPack } from '../../src/vault/check.ts';
import { Vault } from '../../src/vault/vault.ts';
import { goldenFolder, goldenPassphrase, goldenStore, listed, picture, sealings } from './golden-vault.ts';
import { backUp, contentOf } from './small-vault.ts';

const expected: unknown = JSON.parse(fs.readFileSync(join(goldenFolder, 'expected.json'), 'utf8'));

describe.each(Object.keys(sealings) as (keyof typeof sealings)[])('the golden vault of format 1, %s', (name) => {
  const open = async (): Promise<Vault> =>
    Vault.open(await goldenStore(name), { random: seededRandom(1), passphrase: goldenPassphrase });

  test('F8: the folder comes back as it was, names, links, modes and times', async () => {
    const vault = await open();
    const [snapshot] = await vault.snapshots.list('folder');
    const target = fs.mkdtempSync(join(tmpdir(), 'tidemark-golden-'));
    onTestFinished(() => fs.rmSync(target, { recursive: true, force: true }));
    const context: RestoreContext = {
      ...{ reader: await vault.reader(), root: snapshot!.root, details: snapshot!.details, target, paths: [] },
      ...{ overwrite: false, deadline: noDeadline, clock: systemClock, log: silentLog },
    };
    const source = filesSource({ path: target, exclude: [], allowEmpty: false });
    expect((await source.restore(undefined, context)).done).toBe(true);
    expect(picture(target)).toEqual(expected);
    expect((await source.validate(context)).problems).toEqual([]);
  });

  test('a file in chunk lists comes back', async () => {
    const vault = await open();
    const [snapshot] = await vault.snapshots.list('lists');
    expect((await contentOf(vault, snapshot!.root)).listed!.toString()).toBe(listed.join(''));
  });

  test('it is sound, and can be written to: what it has is found and not stored again', async () => {
    const vault = await open();
    expect(vault.config.sealing.kind).toBe(sealings[name]);
    const { findings, unindexed, packs } = await checkIndex(vault);
    expect({ findings, unindexed }).toEqual({ findings: [], unindexed: [] });
    for (const pack of packs.keys()) expect((await checkPack(vault, pack)).finding).toBeUndefined();
    const table = (await contentOf(vault, (await vault.snapshots.list('folder'))[0]!.root))['table.csv']!;
    expect(table.length).toBeGreaterThan(vault.config.chunk.maximum / 2);
    const before = await vault.objects.keys(layout.packs);
    await backUp(vault, { copy: table }, 3);
    const added = (await vault.index()).packs.filter(({ id }) => !before.includes(layout.pack(id)));
    // the table is cut as it was cut then: only the new listing is stored
    expect(added.map(({ kind }) => kind)).toEqual(['tree']);
  });
});
