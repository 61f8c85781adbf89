/** What has to be known of a server before a base backup is asked for, and whether it can give one. */
import { fail } from '../../../../core/errors.ts';
import type { ReplicationConnection } from '../../replication/connection.ts';

export interface ServerFacts {
  /** `15.18` */
  readonly version: string;
  readonly major: number;
  readonly systemIdentifier: string;
  readonly checksums: boolean;
  /** Bytes. */
  readonly blockSize: number;
  readonly walSegmentSize: number;
  /** The server keeps a record of which pages change. Version 17 and newer. */
  readonly summarizes: boolean;
}

const oldest = 15;

/** Errors: `SourceMissing` for a server that is too old. */
export async function serverFacts(replication: ReplicationConnection): Promise<ServerFacts> {
  const [system = {}] = await replication.rows('IDENTIFY_SYSTEM');
  const [facts = {}] = await replication.rows(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version,
            current_setting('data_checksums') as checksums, current_setting('block_size') as block,
            pg_size_bytes(current_setting('wal_segment_size')) as segment, current_setting('summarize_wal', true) as summarizes`,
  );
  const major = Math.trunc(Number(facts.number) / 10_000);
  const version = facts.version?.split(' ')[0] ?? '';
  if (major < oldest) {
    fail('SourceMissing', `the server is PostgreSQL ${version}; base backups are taken of ${oldest} and newer`, {
      hint: 'Upgrade it, or set `method: logical` for this source.',
    });
  }
  return {
    version,
    major,
    systemIdentifier: system.systemid ?? '',
    checksums: facts.checksums === 'on',
    blockSize: Number(facts.block),
    walSegmentSize: Number(facts.segment),
    summarizes: facts.summarizes === 'on',
  };
}
