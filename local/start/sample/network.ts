/** The sample network: what is protected, made in the workspace, and the plan for it. */
import type { RunningPostgres } from '../../postgres/server.ts';
import { commitConfiguration } from '../repository.ts';
import { writePlan } from '../stage.ts';
import { bytes, type Teller } from '../teller.ts';
import type { Workspace } from '../workspace.ts';
import { fillDatabase, type SampleDatabase, startServer } from './database.ts';
import { changeTree, copyTree, makeUserData } from './files.ts';

export interface Sample {
  readonly database: SampleDatabase;
  readonly tree: string;
  readonly userData: string;
  readonly repository: string;
  readonly size: SampleSize;
}

/** Which day of the simulated month brings what. */
export interface SampleSize {
  readonly quick: boolean;
  readonly megabytes: number;
  readonly days: number;
  readonly commit: number;
  readonly missing: number;
  readonly damage: number;
  readonly preview: number;
}

export const whole: SampleSize = {
  quick: false,
  megabytes: 200,
  days: 31,
  commit: 10,
  missing: 12,
  damage: 19,
  preview: 24,
};
export const little: SampleSize = {
  quick: true,
  megabytes: 6,
  days: 15,
  commit: 4,
  missing: 5,
  damage: 10,
  preview: 12,
};

export const firstMoment = new Date('2026-03-01T02:30:00Z');

export const sources = {
  database: 'node-network-db',
  tree: 'application-files',
  userData: 'user-data',
  configuration: 'configuration',
} as const;

/** `keepServer` is told of the server as soon as it runs, so that it is stopped whatever happens next. */
export async function makeSample(
  workspace: Workspace,
  teller: Teller,
  size: SampleSize,
  keepServer: (server: RunningPostgres) => void,
): Promise<Sample> {
  const tree = workspace.at('application-files');
  const userData = workspace.at('user-data');
  const repository = workspace.at('node-network-configuration');
  const server = await startServer(workspace.at('postgresql'));
  keepServer(server);
  teller.line(`PostgreSQL ${server.tools.version} runs on 127.0.0.1:${server.port} (${server.tools.folder})`);
  const made = await Promise.allSettled([
    fillDatabase(server, size.megabytes).then((filled) => {
      teller.line(`its database node_network holds nodes, links and events: ${bytes(filled.bytes)}`);
      return filled;
    }),
    copyTree(tree, size.quick).then(() => teller.line("the installed packages are copied, as the application's files")),
    makeUserData(userData),
    commitConfiguration(repository, 1, firstMoment),
  ]);
  for (const one of made) if (one.status === 'rejected') throw one.reason;
  const database = (made[0] as PromiseFulfilledResult<SampleDatabase>).value;
  await changeTree(tree, 0);
  teller.line(
    'user data with links, holes, a FIFO and names that are no text; a Git repository with the configuration',
  );
  writePlan(workspace, {
    plan: 'node-network',
    sources: [
      {
        id: sources.database,
        kind: 'postgres',
        connection: database.url,
        // A dump reads everything, so it is weekly here, and once more on the 4th: the month has to fit two minutes.
        cadences: { incremental: 'monthly on 4 at 02:00' },
      },
      // For the same reason: everything once, and what has changed once a week.
      {
        id: sources.tree,
        kind: 'files',
        path: tree,
        cadences: { full: 'monthly on 1 at 03:00', incremental: 'weekly on thursday at 02:00' },
      },
      { id: sources.userData, kind: 'files', path: userData },
      { id: sources.configuration, kind: 'git', repository, ref: 'main' },
    ],
  });
  return { database, tree, userData, repository, size };
}
