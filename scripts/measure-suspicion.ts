/** Measures the rules that call a snapshot suspicious, and writes their figures into docs/suspicion.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { measure, tableOf } from './suspicion/measure.ts';

const page = new URL('../docs/suspicion.md', import.meta.url);
const marks = /(<!-- figures -->\n)[\s\S]*(\n<!-- end of figures -->)/;
const figures = measure();
const table = tableOf(figures);
console.log(table);
console.log(figures.rules);
if (!process.argv.includes('--dry'))
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(marks, (_, begin, end) => `${begin}${table}${end}`),
  );
