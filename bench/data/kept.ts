/** Data that a bench left for the next: used again only when it is what would be made now. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataSet } from './data-set.ts';

/** The folder of a data set, made when it is not there whole. */
export async function madeData(set: DataSet, folder: string, told: (line: string) => void): Promise<string> {
  const place = path.join(folder, set.name);
  const note = `${place}.made`;
  if (existsSync(place) && existsSync(note) && readFileSync(note, 'utf8').trim() === set.recipe) return place;
  told(`making the data "${set.name}" (${set.recipe})`);
  const unfinished = `${place}.unfinished`;
  rmSync(note, { force: true });
  for (const old of [place, unfinished]) rmSync(old, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await set.make(unfinished);
  renameSync(unfinished, place);
  writeFileSync(note, `${set.recipe}\n`);
  return place;
}
