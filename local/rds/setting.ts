/**
 * How a test or a demonstration furnishes a place: things that are simply there, without the time that making them through
 * the service would take. What is there afterwards lives by the service's rules.
 */
import type { Key } from './keys.ts';
import { backUpClusterDaily, backUpDaily } from './life/backups.ts';
import { clusterStatus, instanceStatus } from './life/statuses.ts';
import type { Place } from './place.ts';
import type { AutomatedBackup } from './records/automated-backup.ts';
import { endpointOf, type GivenCluster, type GivenInstance, newCluster, newInstance } from './records/birth.ts';
import type { Cluster } from './records/cluster.ts';
import { type Option, OptionGroup, ParameterGroup, SubnetGroup } from './records/group.ts';
import type { Instance } from './records/instance.ts';
import type { Snapshot } from './records/snapshot.ts';

export class Setting {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  /** Available, and restorable from now on when its retention period is not 0. Any field of DescribeDBInstances may be given. */
  addInstance(given: GivenInstance): Instance {
    const { place } = this;
    const now = place.world.now();
    const id = given.DBInstanceIdentifier.toLowerCase();
    const instance = newInstance(place, { ...given, DBInstanceIdentifier: id }, now);
    instance.Endpoint ??= { Address: endpointOf(place, id), Port: instance.DbInstancePort, HostedZoneId: 'Z1' };
    instance.restorableFrom ??= now;
    this.#know(instance.VpcSecurityGroups, String(instance.DBSubnetGroup.VpcId));
    place.instances.set(id, instance);
    instanceStatus(place, instance, given.DBInstanceStatus ?? 'available', now);
    backUpDaily(place, instance, now);
    return instance;
  }

  /** With `members` instances in it: the first one writes. */
  addCluster(given: GivenCluster & { readonly instances?: number }): Cluster {
    const { place } = this;
    const now = place.world.now();
    const { instances = 1, ...rest } = given;
    const id = given.DBClusterIdentifier.toLowerCase();
    const cluster = newCluster(place, { ...rest, DBClusterIdentifier: id }, now);
    cluster.Endpoint ??= endpointOf(place, id, 'cluster-');
    cluster.ReaderEndpoint ??= endpointOf(place, id, 'cluster-ro-');
    cluster.restorableFrom ??= now;
    this.#know(cluster.VpcSecurityGroups, cluster.vpc);
    place.clusters.set(id, cluster);
    clusterStatus(place, cluster, given.Status ?? 'available', now);
    for (let number = 1; number <= instances; number += 1) {
      const member = this.addInstance({
        DBInstanceIdentifier: `${id}-${number}`,
        DBClusterIdentifier: id,
        Engine: cluster.Engine,
        EngineVersion: cluster.EngineVersion,
        DBInstanceClass: 'db.r7g.large',
      });
      cluster.members.push({
        DBInstanceIdentifier: member.DBInstanceIdentifier,
        IsClusterWriter: number === 1,
        PromotionTier: number,
      });
    }
    backUpClusterDaily(place, cluster, now);
    return cluster;
  }

  /** The groups of what is there exist; others have to be added. */
  #know(groups: Instance['VpcSecurityGroups'], vpc: string): void {
    for (const { VpcSecurityGroupId: id } of groups) this.place.securityGroups.set(id, vpc);
  }

  addSecurityGroup(id: string, vpc = String(this.place.subnetGroups.get('default')?.vpc)): void {
    this.place.securityGroups.set(id, vpc);
  }

  /** Its ARN is in `arn`. */
  addKey(id: string, given: { state?: Key['state']; sharedWith?: string[]; aliases?: string[] } = {}): Key {
    return this.place.keys.add(id, given);
  }

  addSubnetGroup(name: string, vpc?: string): SubnetGroup {
    const group = new SubnetGroup(name.toLowerCase(), this.place.region, this.place.account, vpc);
    this.place.addSubnetGroup(group);
    return group;
  }

  addParameterGroup(name: string, family: string, values: Readonly<Record<string, string>> = {}): ParameterGroup {
    const group = new ParameterGroup(name.toLowerCase(), this.place.arn('pg', name.toLowerCase()), family, values);
    this.place.parameterGroups.instance.set(group.name, group);
    return group;
  }

  addClusterParameterGroup(
    name: string,
    family: string,
    values: Readonly<Record<string, string>> = {},
  ): ParameterGroup {
    const group = new ParameterGroup(
      name.toLowerCase(),
      this.place.arn('cluster-pg', name.toLowerCase()),
      family,
      values,
    );
    this.place.parameterGroups.cluster.set(group.name, group);
    return group;
  }

  addOptionGroup(name: string, engine: string, major: string, options: readonly Option[] = []): OptionGroup {
    const group = new OptionGroup(name.toLowerCase(), this.place.arn('og', name.toLowerCase()), engine, major, options);
    this.place.optionGroups.set(group.name, group);
    return group;
  }

  /** Engine versions (`postgres 16.4`) that can no longer be had here. */
  withdraw(engine: string, version: string): void {
    this.place.withdrawn.add(`${engine} ${version}`);
  }

  instance(id: string): Instance {
    return found(this.place.instances, id);
  }

  cluster(id: string): Cluster {
    return found(this.place.clusters, id);
  }

  snapshot(id: string): Snapshot {
    return found(this.place.snapshots.instance, id);
  }

  clusterSnapshot(id: string): Snapshot {
    return found(this.place.snapshots.cluster, id);
  }

  get snapshots(): Snapshot[] {
    return [...this.place.snapshots.instance.values(), ...this.place.snapshots.cluster.values()];
  }

  /**
   * `LatestRestorableTime` stands still from now on, of an instance, a cluster, or the replicated backups of an instance.
   * "If your SQL Server DB is OFFLINE, EMERGENCY or SINGLE_USER", for one:
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
   */
  stall(id: string): void {
    const now = this.place.world.now();
    for (const record of this.#recoverable(id)) record.stalledAt ??= now;
  }

  resume(id: string): void {
    for (const record of this.#recoverable(id)) delete record.stalledAt;
  }

  #recoverable(id: string): (Instance | Cluster | AutomatedBackup)[] {
    const { instances, clusters, automatedBackups } = this.place;
    const replicated = [...automatedBackups.values()].filter(({ instanceId }) => instanceId === id);
    const records = [instances.get(id), clusters.get(id), ...replicated].filter((record) => record !== undefined);
    if (records.length === 0) throw new Error(`nothing is called ${id} in ${this.place.region}`);
    return records;
  }
}

function found<T>(map: ReadonlyMap<string, T>, id: string): T {
  const record = map.get(id.toLowerCase());
  if (record === undefined) throw new Error(`there is no ${id}: ${[...map.keys()].join(', ')}`);
  return record;
}
