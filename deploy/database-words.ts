/** What a function may ask of RDS, in the words of `functions.yml`. */
export const databaseWords = [
  'find',
  'list',
  'count',
  'settings',
  'backups',
  'replicate',
  'take',
  'copy',
  'export',
  'remove',
  'restore',
] as const;
export type DatabaseWord = (typeof databaseWords)[number];
