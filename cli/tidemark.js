#!/usr/bin/env node
/**
 * What `tidemark` is on the command line. Loading the modules takes longer than an unchanged backup does, so what was
 * compiled once is kept: in a folder of one's own, as code that somebody else could have put there would be run. Where it
 * cannot be written, nothing is kept. JavaScript, as Node would load its TypeScript compiler for this one file each time.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const { XDG_CACHE_HOME, HOME } = process.env;
const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
if (caches) enableCompileCache(join(caches, 'tidemark', 'modules'));
await import('./main.ts');
