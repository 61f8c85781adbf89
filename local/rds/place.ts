/** One account in one region: everything that is there, and what happened to it. */
import { Keys } from './keys.ts';
import type { ArnKind } from './names.ts';
import { arn } from './names.ts';
import type { AutomatedBackup } from './records/automated-backup.ts';
import type { Cluster } from './records/cluster.ts';
import type { ExportTask } from './records/export.ts';
import { type OptionGroup, type ParameterGroup, SubnetGroup } from './records/group.ts';
import type { Instance } from './records/instance.ts';
import type { Snapshot } from './records/snapshot.ts';
import type { ProcessPlan, World } from './world.ts';

export interface RdsEvent {
  readonly SourceIdentifier: string;
  readonly SourceType: string;
  readonly Message: string;
  readonly EventCategories: readonly string[];
  readonly Date: Date;
  readonly SourceArn: string;
  /** `RDS-EVENT-0042`; only in what EventBridge delivers. */
  readonly id: string;
}

/** "You can retrieve events for up to 14 days": https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeEvents.html */
const eventsLast = 14 * 86_400_000;

export class Place {
  readonly world: World;
  readonly places: Places;
  readonly region: string;
  readonly account: string;
  readonly keys: Keys;
  readonly instances = new Map<string, Instance>();
  readonly clusters = new Map<string, Cluster>();
  readonly snapshots = { instance: new Map<string, Snapshot>(), cluster: new Map<string, Snapshot>() };
  readonly subnetGroups = new Map<string, SubnetGroup>();
  readonly parameterGroups = {
    instance: new Map<string, ParameterGroup>(),
    cluster: new Map<string, ParameterGroup>(),
  };
  /** Known security groups, and the network that each is in. */
  readonly securityGroups = new Map<string, string>();
  readonly optionGroups = new Map<string, OptionGroup>();
  /** Replicated here from another region, or retained after their instance; by ARN. */
  readonly automatedBackups = new Map<string, AutomatedBackup>();
  /** For each source, the last copy that came here from another region or account. */
  readonly newestCopies = new Map<string, Snapshot>();
  readonly exports = new Map<string, ExportTask>();
  /** Engine versions that are no longer offered here. */
  readonly withdrawn = new Set<string>();
  events: RdsEvent[] = [];

  constructor(places: Places, region: string, account: string) {
    this.places = places;
    this.world = places.world;
    this.region = region;
    this.account = account;
    this.keys = new Keys(region, account);
    this.addSubnetGroup(new SubnetGroup('default', this.region, this.account));
  }

  arn(kind: ArnKind, name: string): string {
    return arn(this.region, this.account, kind, name);
  }

  /** With its network comes that network's default security group. */
  addSubnetGroup(group: SubnetGroup): void {
    this.subnetGroups.set(group.name, group);
    this.securityGroups.set(group.securityGroup, group.vpc);
  }

  defaultSecurityGroup(vpc: string): string {
    return `sg-${vpc.slice(4)}`;
  }

  /** Changes a status and keeps a note of it. */
  turn(what: string, subject: string, from: string | undefined, to: string, at: Date): string {
    if (from !== to) {
      this.world.transitions.push({ at, region: this.region, account: this.account, what, subject, from, to });
    }
    return to;
  }

  tell(event: RdsEvent): void {
    const oldest = this.world.now().getTime() - eventsLast;
    if (this.events.length > 0 && this.events[0]!.Date.getTime() < oldest) {
      this.events = this.events.filter(({ Date: date }) => date.getTime() >= oldest);
    }
    this.events.push(event);
    for (const hear of this.places.listeners) hear(event, this);
  }

  begin(plan: Omit<ProcessPlan, 'region'>, at?: Date): ReturnType<World['begin']> {
    return this.world.begin({ ...plan, region: this.region }, at);
  }
}

export class Places {
  readonly world: World;
  readonly listeners: ((event: RdsEvent, place: Place) => void)[] = [];
  readonly #places = new Map<string, Place>();

  constructor(world: World) {
    this.world = world;
  }

  at(region: string, account: string): Place {
    const known = this.#places.get(`${account} ${region}`);
    if (known !== undefined) return known;
    const made = new Place(this, region, account);
    this.#places.set(`${account} ${region}`, made);
    return made;
  }

  all(): Place[] {
    return [...this.#places.values()];
  }
}
