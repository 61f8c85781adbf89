/**
 * The parameters that a group has: those of PostgreSQL (as `postgres --describe-config` names them; `!` wants a restart), as
 * there are more of them than a page holds. Other engines get the same list, which is theirs in length only.
 */
import type { Shape } from '../wire/answer.ts';
import type { ParameterGroup } from './group.ts';

const names =
  `array_nulls authentication_timeout autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold
autovacuum_freeze_max_age! autovacuum_max_workers! autovacuum_naptime autovacuum_vacuum_cost_delay
autovacuum_vacuum_cost_limit autovacuum_vacuum_scale_factor autovacuum_vacuum_threshold autovacuum_work_mem
backend_flush_after backslash_quote bgwriter_delay bgwriter_flush_after bgwriter_lru_maxpages bgwriter_lru_multiplier
bytea_output check_function_bodies checkpoint_completion_target checkpoint_flush_after checkpoint_timeout
checkpoint_warning client_encoding client_min_messages commit_delay commit_siblings compute_query_id
constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction deadlock_timeout
default_statistics_target default_text_search_config default_toast_compression default_transaction_deferrable
default_transaction_isolation default_transaction_read_only effective_cache_size effective_io_concurrency
enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin enable_incremental_sort
enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
enable_partitionwise_join enable_seqscan enable_sort enable_tidscan escape_string_warning extra_float_digits
from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed geqo_selection_bias geqo_threshold
gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier hot_standby_feedback huge_pages!
idle_in_transaction_session_timeout idle_session_timeout jit jit_above_cost jit_inline_above_cost
jit_optimize_above_cost join_collapse_limit lc_messages lc_monetary lc_numeric lc_time lock_timeout
log_autovacuum_min_duration log_checkpoints log_connections log_disconnections log_duration log_lock_waits
log_min_duration_statement log_min_messages log_statement log_temp_files logical_decoding_work_mem
maintenance_io_concurrency maintenance_work_mem max_connections! max_files_per_process! max_locks_per_transaction!
max_logical_replication_workers! max_parallel_maintenance_workers max_parallel_workers max_parallel_workers_per_gather
max_pred_locks_per_transaction! max_prepared_transactions! max_replication_slots! max_slot_wal_keep_size
max_stack_depth max_standby_archive_delay max_standby_streaming_delay max_wal_senders! max_wal_size
max_worker_processes! min_parallel_index_scan_size min_parallel_table_scan_size min_wal_size parallel_setup_cost
parallel_tuple_cost password_encryption plan_cache_mode random_page_cost row_security search_path seq_page_cost
session_replication_role shared_buffers! shared_preload_libraries! statement_timeout synchronous_commit
temp_buffers temp_file_limit timezone track_activities track_activity_query_size! track_commit_timestamp!
track_counts track_functions track_io_timing vacuum_cost_delay vacuum_cost_limit vacuum_freeze_min_age
vacuum_freeze_table_age wal_buffers! wal_compression wal_keep_size wal_receiver_timeout wal_sender_timeout work_mem`
    .split(/\s+/)
    .map((name) => ({ name: name.replace('!', ''), restarts: name.endsWith('!') }));

/** `Source`: `user` for what the group sets, `engine-default` for the rest: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html */
export function parametersOf(group: ParameterGroup, source: string | undefined): { key: string; show(): Shape }[] {
  const known = new Map(names.map(({ name, restarts }) => [name, restarts]));
  const all = new Set([...known.keys(), ...group.values.keys()]);
  return [...all]
    .map((name) => ({ name, value: group.values.get(name), restarts: known.get(name) ?? false }))
    .filter(({ value }) => source === undefined || source === (value === undefined ? 'engine-default' : 'user'))
    .map(({ name, value, restarts }) => ({
      key: name,
      show: () => ({
        ParameterName: name,
        ParameterValue: value,
        Source: value === undefined ? 'engine-default' : 'user',
        ApplyType: restarts ? 'static' : 'dynamic',
        DataType: 'string',
        IsModifiable: true,
        ApplyMethod: restarts ? 'pending-reboot' : 'immediate',
      }),
    }));
}
