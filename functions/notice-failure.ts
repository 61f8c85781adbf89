/** Told by EventBridge that an execution failed, timed out or was aborted: alerts unless it has done so itself. */
import { noticeFailure, noticeFailureInput } from '../src/operations/watch/notice-failure.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('notice-failure', noticeFailureInput, noticeFailure, { alerts });
