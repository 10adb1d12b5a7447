/**
 * Holds src/ to the import table: `node tools/check-imports.ts`. Exit 0 when all keep it, 1 when not.
 * `--table` prints the table as ARCHITECTURE.md shows it.
 */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkFile } from './import-rules.ts';
import { importTableMarkdown } from './import-table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--table')) {
  console.log(importTableMarkdown());
} else {
  const files = globSync('src/**/*.ts', { cwd: root }).sort();
  const problems = files.flatMap((file) => checkFile(file, readFileSync(`${root}${file}`, 'utf8')));
  for (const { file, line, rule, wayOut } of problems)
    console.error(`${file}:${line}: ${rule}\n  way out: ${wayOut}`);
  if (problems.length > 0) {
    console.error(
      `import table: ${problems.length} ${problems.length === 1 ? 'place breaks' : 'places break'} it (table: ARCHITECTURE.md)`,
    );
    process.exitCode = 1;
  } else {
    console.log(`import table: ${files.length} files keep it`);
  }
}
