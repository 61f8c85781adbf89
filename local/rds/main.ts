/**
 * `node local/rds/main.ts`: an RDS on this machine to try things on, with one protected database in eu-west-1 and a key in
 * each of two regions, until Ctrl-C.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillNodeNetwork } from '../postgres/node-network.ts';
import { PostgresData } from './postgres-data.ts';
import { startRds } from './server.ts';
import { fastClock } from './time/fast-clock.ts';

const help = `An RDS endpoint on 127.0.0.1, with states that take their time, quotas, keys and errors as the real one has.

  node local/rds/main.ts [--port 4580] [--speed 60] [--database]

  --port N      where it listens; a free port if not said
  --speed N     how much faster than the clock time passes; 60 if not said
  --database    a real PostgreSQL with sample data behind the instance: what is restored from a snapshot can be asked

Point the SDK or the AWS CLI to it with AWS_ENDPOINT_URL_RDS; any credentials will do, and the region is that of the signature.
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    speed: { type: 'string', default: '60' },
    database: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else await run(Number(values.port), Number(values.speed), values.database);

async function run(port: number, speed: number, withDatabase: boolean): Promise<void> {
  const folder = withDatabase ? await mkdtemp(join(tmpdir(), 'tidemark-rds-')) : undefined;
  if (folder !== undefined) await chmod(folder, 0o755);
  const plane = folder === undefined ? undefined : new PostgresData(join(folder, 'data'));
  const rds = await startRds({ clock: fastClock(speed), port, ...(plane === undefined ? {} : { dataPlane: plane }) });
  const [west, central] = [rds.place('eu-west-1'), rds.place('eu-central-1')];
  const key = west.addKey('database');
  const copies = central.addKey('copies');
  const server = await plane?.create();
  if (plane !== undefined && server !== undefined) await fillNodeNetwork(plane.url(server.data), { megabytes: 5 });
  west.addInstance({
    DBInstanceIdentifier: 'node-network',
    KmsKeyId: key.arn,
    BackupRetentionPeriod: 7,
    TagList: [{ Key: 'team', Value: 'nodes' }],
    ...(server === undefined
      ? {}
      : { data: server.data, Endpoint: { Address: server.address, Port: server.port }, DbInstancePort: server.port }),
  });
  process.stdout.write(
    [
      `RDS listens on ${rds.url}; a minute takes ${60 / speed} s`,
      'eu-west-1: instance node-network, encrypted',
      `eu-central-1: key for copies ${copies.arn}`,
      `export AWS_ENDPOINT_URL_RDS=${rds.url}`,
      ...(server && plane ? [`its database: ${plane.url(server.data)}`] : []),
      '',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await rds.close();
  await plane?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
