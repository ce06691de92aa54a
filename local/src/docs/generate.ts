// Writes the generated pages of docs/, or says with `--check` which of them are not what the tree says now.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTree } from '../../../infra-cdk/lib/manifest.ts';
import { apiPage } from './api.ts';
import { eventsPage } from './events.ts';
import { machinesPage } from './machines.ts';

const REPOSITORY = resolve(fileURLToPath(import.meta.url), '../../../..');

/** Every generated page by its name below `docs/`. */
export function pages(root: string): Readonly<Record<string, string>> {
  const tree = readTree(root);
  return { 'api.md': apiPage(tree), 'events.md': eventsPage(tree), 'state-machines.md': machinesPage(tree) };
}

/** Names of the pages whose file in `directory` is absent or differs. */
export function stale(wanted: Readonly<Record<string, string>>, directory: string): string[] {
  return Object.entries(wanted).flatMap(([name, text]) => {
    const file = join(directory, name);
    return existsSync(file) && readFileSync(file, 'utf8') === text ? [] : [name];
  });
}

function main(args: readonly string[]): number {
  const directory = join(REPOSITORY, 'docs');
  const wanted = pages(REPOSITORY);
  const changed = stale(wanted, directory);
  if (args.includes('--check')) {
    for (const name of changed) process.stderr.write(`docs/${name} is stale: run \`make docs\`\n`);
    return changed.length === 0 ? 0 : 1;
  }
  for (const name of changed) {
    writeFileSync(join(directory, name), wanted[name] ?? '');
    process.stdout.write(`docs/${name} written\n`);
  }
  return 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
