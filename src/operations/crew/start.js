/**
 * Where a worker begins. JavaScript, as Node would load its TypeScript compiler for this one file each time; what the main
 * thread keeps of compiled modules serves here too.
 */
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

if (workerData?.compileCache) enableCompileCache(workerData.compileCache);
await import('./worker.ts');
