/** Judges executions: what one says that ended well has to be so, and what ended badly has to have been told. */
import type { ExecutionRecord } from '../../../local/engine.ts';
import type { Climate } from '../world/climate.ts';
import type { World } from '../world/world.ts';

const hour = 3_600_000;

interface JobTold {
  readonly source: string;
  readonly status: string;
  readonly snapshot?: string;
  readonly error?: { readonly name: string; readonly message: string };
}

export class Verdicts {
  committed = 0;
  readonly #world: World;
  readonly #climate: Climate;
  readonly #quiet: boolean;

  constructor(world: World, climate: Climate) {
    this.#world = world;
    this.#climate = climate;
    const { fails, answersLost, throttles, kills, stragglers, freezes, partialDeletes, refusals, twins } = climate;
    const { outages, damages, aborts, alertsLost } = climate;
    const faults = [fails, answersLost, throttles, kills, stragglers, freezes, partialDeletes, refusals, twins];
    this.#quiet = [...faults, outages, damages, aborts, alertsLost].every((share) => share === 0);
  }

  /** From here on nothing may go wrong. */
  begin(): void {
    this.#world.judge.checkAll('the weather is fair again');
  }

  ended(record: ExecutionRecord): void {
    const { status, workflow } = record;
    if (status === 'SUCCEEDED') {
      if (workflow === 'backup') this.#backedUp(record);
      if (workflow === 'restore') this.#restored(record);
      if (workflow === 'verify') this.#verified(record);
      return;
    }
    if (status === 'FAILED' && this.#quiet && !this.#mayFail(record))
      this.#accuse(record, 'failed although nothing went wrong');
    if (status === 'FAILED' && workflow === 'backup') this.#told(record);
  }

  /** `passable`: errors of jobs that may still be. */
  mustSucceed(record: ExecutionRecord, passable: readonly string[] = []): void {
    if (record.status === 'SUCCEEDED') return;
    const { jobs = [] } = (record.report ?? {}) as { jobs?: JobTold[] };
    const failed = jobs.filter(({ status }) => status === 'failure').map(({ error }) => error?.name ?? '');
    if (failed.length > 0 && failed.every((name) => passable.includes(name))) return;
    this.#accuse(record, `failed in fair weather: ${JSON.stringify(jobs.map(({ error }) => error))}`);
  }

  /** True when it did all that it planned. It refuses when so many snapshots of a stormy day have had their time at once. */
  pruned(record: ExecutionRecord): boolean {
    if (record.status === 'SUCCEEDED') return true;
    const { withheld = [], failed = 0 } = (record.report ?? {}) as { withheld?: unknown[]; failed?: number };
    if (record.error === 'RunFailed' && withheld.length > 0 && failed === 0) return false;
    this.#accuse(record, 'failed in fair weather');
    return false;
  }

  /** Damage to what only one vault ever had stays; everything else is repaired by now. */
  repaired(record: ExecutionRecord): void {
    if (record.status === 'SUCCEEDED') return;
    const left = (record.report as { findings?: { object: string; repaired: boolean }[] } | undefined)?.findings ?? [];
    for (const { object, repaired } of left) {
      if (repaired) continue;
      const pack = object.startsWith('packs/') ? object.slice(-64) : undefined;
      if (pack && this.#world.judge.shelves.some((shelf) => shelf.packs.get(pack) === true))
        this.#accuse(record, `did not repair ${object} although another vault has it`);
    }
  }

  /** All that is in a vault in the end is needed there, and the index tells of what is there. */
  nothingIsLeft(): void {
    const { judge, timeline } = this.#world;
    for (const shelf of judge.shelves) {
      const place = `vault-${shelf.vault}`;
      const needed = new Set<string>();
      for (const snapshot of shelf.snapshots.values()) {
        for (const blob of judge.library.tome(snapshot.root)?.needs ?? []) {
          for (const pack of judge.library.packsWith(blob)) needed.add(pack);
        }
      }
      // what the last prune has marked is for the next one
      for (const [id, { marked, packs }] of shelf.fossils) {
        if (marked < timeline.now - 26 * hour) judge.accuse(`a fossil stays in ${place}: ${id}`);
        else for (const pack of packs) needed.add(pack);
      }
      for (const pack of shelf.packs.keys()) {
        if (!needed.has(pack)) judge.accuse(`garbage stays: nothing in ${place} needs pack ${pack}`);
      }
      for (const pack of [...shelf.segments.values()].flatMap((packs) => [...packs.keys()])) {
        if (!shelf.packs.has(pack) && judge.damaged === undefined)
          judge.accuse(`the index of ${place} tells of pack ${pack}, which is gone`);
      }
      for (const [name, { expires }] of shelf.leases) {
        if (expires + 15 * 24 * hour < timeline.now) judge.accuse(`a lease stays in ${place}: ${name}`);
      }
    }
  }

  #backedUp(record: ExecutionRecord): void {
    const { jobs, status } = record.output as unknown as { jobs: JobTold[]; status: string };
    const { judge, timeline } = this.#world;
    if (status !== 'success' || jobs.some((job) => job.status !== 'success'))
      this.#accuse(record, 'says success, and its report does not');
    for (const { source, snapshot: id } of jobs) {
      for (const shelf of judge.shelves) {
        const snapshot = id === undefined ? undefined : shelf.snapshots.get(id);
        const what = `says success for ${source}, and in vault-${shelf.vault} ${id}`;
        if (!snapshot) {
          // a run that was put to sleep may tell of what has had its time since
          if (!judge.expired.has(`${id} in ${shelf.vault}`)) this.#accuse(record, `${what} is not there`);
        } else if (judge.lost(snapshot, shelf).length > 0) this.#accuse(record, `${what} cannot be read`);
        else if (snapshot.problemCount > 0) this.#accuse(record, `${what} has problems`);
        else if (!shelf.trust.get(id!)?.has('complete')) this.#accuse(record, `${what} was not verified`);
        else if (shelf.vault === 0) {
          this.committed += 1;
          judge.checkContent(snapshot, Date.parse(record.startTime), timeline.now);
        }
      }
    }
  }

  #restored(record: ExecutionRecord): void {
    const { snapshot: id, target } = record.output as unknown as { snapshot: string; target: string };
    const { judge, targets } = this.#world;
    const snapshot = judge.shelves.map((shelf) => shelf.snapshots.get(id)).find((one) => one !== undefined);
    if (!snapshot) {
      this.#accuse(record, `says that it restored ${id}, which is nowhere`);
      return;
    }
    const wanted = judge.library.tome(snapshot.root)?.files;
    const there = targets.get(target);
    const same =
      wanted && there && wanted.size === there.size && [...wanted].every(([path, text]) => there.get(path) === text);
    if (!same) this.#accuse(record, `says that it restored ${id}, and the target holds something else`);
  }

  #verified(record: ExecutionRecord): void {
    const { judge } = this.#world;
    const { findings } = record.output as unknown as { findings: { object: string; what: string }[] };
    if (judge.damaged === undefined && findings.length > 0)
      this.#accuse(record, `finds damage where there is none: ${findings[0]!.what} ${findings[0]!.object}`);
    const { readAll } = record.input as { readAll?: boolean };
    if (!readAll || judge.damaged === undefined || judge.damaged >= Date.parse(record.startTime)) return;
    for (const shelf of judge.shelves) {
      for (const [pack, sound] of shelf.packs) {
        if (!sound && shelf.isIndexed(pack))
          this.#accuse(record, `says that all is well, and pack ${pack} in vault-${shelf.vault} is damaged`);
      }
    }
  }

  /** Wrong questions, and what the sources are to blame for. */
  #mayFail({ workflow, error, report }: ExecutionRecord): boolean {
    if (workflow === 'restore') return ['SnapshotMissing', 'RestorePointMissing'].includes(error ?? '');
    if (workflow !== 'backup' || error !== 'RunFailed') return workflow === 'drill';
    const { jobs } = report as unknown as { jobs: JobTold[] };
    return jobs.every(
      (job) => job.status === 'success' || ['SourceIncomplete', 'WriterFenced'].includes(job.error?.name ?? ''),
    );
  }

  /** Whoever has to know of a failure has heard of it within the day before or shortly after. */
  #told(record: ExecutionRecord): void {
    // by clocks that differ, a failure can seem older than the end of the one before, which was told
    if (this.#climate.alertsLost > 0 || this.#climate.skew > 0) return;
    const { timeline, alerts, judge } = this.#world;
    const troubles = this.#troublesOf(record);
    timeline.after(hour, () => {
      const since = Date.parse(record.startTime) - 25 * hour;
      const heard = alerts.some(
        ({ alert, at }) => at >= since && alert.state === 'open' && troubles.includes(alert.trouble),
      );
      if (!heard) judge.accuse(`nobody heard that ${record.workflow} ${record.name} failed: ${record.error}`);
    });
  }

  #troublesOf({ error, report }: ExecutionRecord): string[] {
    const jobs = (report as { jobs?: JobTold[] } | undefined)?.jobs ?? [];
    const failed = jobs.filter(({ status }) => status === 'failure').map(({ source }) => `backup/${source}`);
    return error === 'RunFailed' && failed.length > 0 ? failed : ['workflow/backup'];
  }

  #accuse(record: ExecutionRecord, what: string): void {
    const cause =
      record.status === 'FAILED'
        ? ` (${record.error}: ${record.cause?.slice(0, 300)} ${JSON.stringify(record.report)})`
        : '';
    this.#world.judge.accuse(`${record.workflow} ${record.name} ${what}${cause}`);
  }
}
