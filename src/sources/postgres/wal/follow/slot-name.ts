/** The name of the replication slot in which a server keeps its log for one source of one plan. */
import { hash } from 'node:crypto';

/** PostgreSQL takes 63 small letters, digits and underscores. Two sources never have the same name. */
export function slotName(plan: string, source: string): string {
  const plain = `${plan}_${source}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 44);
  return `tidemark_${plain}_${hash('sha256', `${plan}\0${source}`).slice(0, 8)}`;
}
