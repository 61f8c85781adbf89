/** RDS of one region behind the port. */
import type { RdsRegion } from '../port.ts';
import { listAutomatedBackups, listExports, replicateBackups, startExport } from './backups.ts';
import { type RdsClientOptions, rdsClient } from './client.ts';
import { findDatabase, listDatabases } from './databases.ts';
import { restoresIn } from './restores.ts';
import { settingsOf } from './settings.ts';
import { copySnapshot, findSnapshot, listSnapshots, quotas, removeSnapshot, takeSnapshot } from './snapshots.ts';

export function rdsRegion(options: RdsClientOptions): RdsRegion {
  const client = rdsClient(options);
  const { region } = options;
  return {
    region,
    databases: () => listDatabases(client, region),
    findDatabase: (kind, id) => findDatabase(client, region, kind, id),
    findInstance: (id) => findDatabase(client, region, 'instance', id),
    snapshots: (kind) => listSnapshots(client, region, kind),
    findSnapshot: (kind, id) => findSnapshot(client, region, kind, id),
    quotas: async () => {
      const all = await quotas(client, region);
      return { instance: all.get('ManualSnapshots'), cluster: all.get('ManualClusterSnapshots') };
    },
    take: (database, id, tags) => takeSnapshot(client, database, id, tags),
    copy: (original, id, key, tags) => copySnapshot(client, original, id, key, tags),
    remove: (kind, id) => removeSnapshot(client, kind, id),
    settings: (database) => settingsOf(client, region, database),
    automatedBackups: () => listAutomatedBackups(client, region),
    replicateBackups: (databaseArn, key, days) => replicateBackups(client, databaseArn, key, days),
    exports: () => listExports(client, region),
    startExport: (task) => startExport(client, task),
    restores: restoresIn(client, region),
  };
}
