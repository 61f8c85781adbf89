/**
 * The engine, broken on purpose: each of these has to be caught. A mutation names a piece of source that is there exactly
 * once and what stands in its place; it is put there while the module is loaded, in a process of its own.
 */

export interface Mutation {
  readonly name: string;
  /** What such an engine does. */
  readonly does: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'commit-before-durable',
    does: 'commits a snapshot while its listings are still being stored',
    file: 'src/operations/backup/commit-snapshot.ts',
    from: 'const written = await writer.finish();',
    to: 'writer.finish().catch(() => {}); const written: Awaited<ReturnType<typeof writer.finish>> = { packs: [], stored: 0, fresh: { plain: 0, packed: 0 } };',
  },
  {
    name: 'cursor-before-durable',
    does: 'says that a shard is captured while its packs are still being stored',
    file: 'src/operations/backup/capture-shard.ts',
    from: 'const written = await writer.finish();',
    to: 'writer.finish().catch(() => {}); const written: Awaited<ReturnType<typeof writer.finish>> = { packs: [], stored: 0, fresh: { plain: 0, packed: 0 } };',
  },
  {
    name: 'index-before-pack',
    does: 'tells of a pack in the index before the pack is there',
    file: 'src/vault/writing/pack-builder.ts',
    from: 'await this.#sink.store(id, bytes);',
    to: 'this.#sink.store(id, bytes).catch(() => {});',
  },
  {
    name: 'doubt-ignored',
    does: 'lets writers rely on packs that are marked for collection',
    file: 'src/vault/index-loader.ts',
    from: 'this.#index.addPack(pack, unreadable.length > 0 || doubted.has(pack.id));',
    to: 'this.#index.addPack(pack, unreadable.length > 0);',
  },
  {
    name: 'snapshot-overwritten',
    does: 'commits without asking whether the snapshot is there already',
    file: 'src/vault/records/snapshots.ts',
    from: 'if (await this.#objects.create(key, snapshotSchema.parse(snapshot))) return;',
    to: 'await this.#objects.write(key, snapshotSchema.parse(snapshot)); if (snapshot) return;',
  },
  {
    name: 'any-revision-adopted',
    does: 'adopts the snapshot of another version',
    file: 'src/operations/backup/split-job.ts',
    from: 'return revision !== undefined && snapshot.revision === revision && snapshot.problemCount === 0;',
    to: 'return revision !== undefined && snapshot.revision !== undefined;',
  },
  {
    name: 'trust-without-looking',
    does: 'calls a snapshot complete without looking whether its packs are there',
    file: 'src/operations/backup/verify-snapshot.ts',
    from: 'const first = findings[0];',
    to: 'const first = findings[1_000_000];',
  },
  {
    name: 'replica-before-index',
    does: 'commits in a replica before the index there tells of the packs',
    file: 'src/operations/backup/commit-replica.ts',
    from: 'await indexCopies(replica, packs);',
    to: 'await replica.snapshots.commit(snapshot); await indexCopies(replica, packs);',
  },
  {
    name: 'replica-half-copied',
    does: 'leaves out a pack that is to be copied',
    file: 'src/operations/backup/replicate-packs.ts',
    from: 'for (const pack of packs) {',
    to: 'for (const pack of packs.slice(1)) {',
  },
  {
    name: 'success-though-a-job-failed',
    does: 'concludes a run with success when one of its jobs failed',
    file: 'src/operations/backup/conclude-run.ts',
    from: "status: jobs.every((job) => job.status === 'success') ? 'success' : 'failure',",
    to: "status: 'success',",
  },
  {
    name: 'problems-passed-over',
    does: 'calls a snapshot with unreadable files a success',
    file: 'src/operations/backup/conclude-run.ts',
    from: 'if (result.problems === 0) {',
    to: 'if (result.problems >= 0) {',
  },
  {
    name: 'nobody-told',
    does: 'writes down that a run failed, and tells nobody',
    file: 'src/operations/backup/conclude-run.ts',
    from: 'for (const job of jobs) await tell(context, vault, run, job);',
    to: '',
  },
  {
    name: 'reader-ignored-at-delete',
    does: 'deletes what a restore began to read after the plan was made',
    file: 'src/operations/prune/delete-snapshots.ts',
    from: 'readers.length > 0\n        ?',
    to: 'readers.length > 99\n        ?',
  },
  {
    name: 'found-again-ignored',
    does: 'deletes what a run has adopted since the plan was made',
    file: 'src/operations/prune/delete-snapshots.ts',
    from: ': found\n          ?',
    to: ': false\n          ?',
  },
  {
    name: 'unverified-counts-as-good',
    does: 'lets a snapshot that nobody has looked at replace one that is verified',
    file: 'src/plan/retention/candidate.ts',
    from: "if (trust === undefined || trustLevels.indexOf(trust) < trustLevels.indexOf('complete')) return 'not yet verified';",
    to: '',
  },
  {
    name: 'revival-missing',
    does: 'deletes what was marked although it is needed again',
    file: 'src/vault/collect.ts',
    from: 'if (inDanger.length === 0) garbage.push(pack);',
    to: 'if (inDanger.length >= 0) garbage.push(pack);',
  },
  {
    name: 'nothing-collected',
    does: 'marks garbage and never deletes it',
    file: 'src/vault/collect.ts',
    from: 'await vault.store.delete(garbage.map((pack) => layout.pack(pack.id)));',
    to: '',
  },
  {
    name: 'verified-by-name',
    does: 'verifies packs without reading them to the end',
    file: 'src/vault/check.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of another file
    from: "if (sum !== id) return { what: 'pack-checksum', detail: `its SHA-256 is ${sum}` };\n  try {",
    to: 'if (sum !== undefined) return undefined;\n  try {',
  },
  {
    name: 'repair-not-looked-at',
    does: 'says that a pack is repaired without having repaired it',
    file: 'src/operations/verify/verify-packs.ts',
    from: 'const repaired = (await repairPackFromAny(context, number, pack)) && !(await checkPack(vault, pack)).finding;',
    to: 'const repaired = true;',
  },
  {
    name: 'listings-end-early',
    does: 'works on a store whose listings end after a page, with no error',
    file: 'test/simulation/world/store.ts',
    from: 'more = here.length < keys.length;',
    to: 'more = false;',
  },
  {
    name: 'two-winners',
    does: 'works on a store where a conditional create has more than one winner',
    file: 'test/simulation/world/store.ts',
    from: 'if (options.ifAbsent && this.#medium.objects.has(key)) {',
    to: "if (options.ifAbsent && key === '') {",
  },
];
