// The generated pages of docs/ say what the tree says, the check notices when they do not, and no link leads nowhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lambdasOf, readTree } from '../../infra-cdk/lib/manifest.ts';
import { mergeSdl } from '../../infra-cdk/lib/sdl.ts';
import { pages, stale } from '../src/docs/generate.ts';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
const wanted = pages(ROOT);

test('the generated pages of docs are up to date', () => {
  // Throws with the names of the stale pages when the check ends with status 1.
  execFileSync(process.execPath, ['--import', 'tsx', 'local/src/docs/generate.ts', '--check'], { cwd: ROOT, stdio: 'pipe' });
});

test('an edited page and a missing page are stale', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rastup-docs-'));
  try {
    for (const [name, text] of Object.entries(wanted)) writeFileSync(join(directory, name), text);
    assert.deepEqual(stale(wanted, directory), []);
    writeFileSync(join(directory, 'api.md'), `${readFileSync(join(directory, 'api.md'), 'utf8')}\n`);
    rmSync(join(directory, 'events.md'));
    assert.deepEqual(stale(wanted, directory), ['api.md', 'events.md']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('every operation, event and state has its place in the pages', () => {
  const tree = readTree(ROOT);
  for (const field of mergeSdl(ROOT, { apiKey: true }).fields) {
    assert.match(wanted['api.md'] ?? '', new RegExp(`^### ${field.name}$`, 'm'));
  }
  for (const event of new Set(lambdasOf(tree).flatMap((lambda) => lambda.events))) {
    assert.ok(wanted['events.md']?.includes(`\n### ${event}\n`), `${event} is consumed but not in events.md`);
  }
  for (const machine of tree.machines) {
    assert.match(wanted['state-machines.md'] ?? '', new RegExp(`^## ${machine.name}$`, 'm'));
    for (const name of stateNames(JSON.parse(machine.definition))) {
      assert.ok(wanted['state-machines.md']?.includes(`| \`${name}\` |`), `${machine.name}: ${name} is not described`);
    }
  }
});

test('every link of the README and of docs leads to a file, and to a heading where it names one', () => {
  const dead: string[] = [];
  for (const file of [join(ROOT, 'README.md'), ...markdownBelow(join(ROOT, 'docs'))]) {
    for (const [, target = ''] of prose(readFileSync(file, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const there = path === '' ? file : resolve(dirname(file), path);
      const found = existsSync(there) && (anchor === undefined || headings(there).includes(anchor));
      if (!found) dead.push(`${relative(ROOT, file)} → ${target}`);
    }
  }
  assert.deepEqual(dead, []);
});

function markdownBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

/** The text without its code blocks, in which brackets are not links. */
function prose(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** Anchors of a page's headings, as GitHub makes them. */
function headings(file: string): string[] {
  return [...prose(readFileSync(file, 'utf8')).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'),
  );
}

/** Names of all states, nested ones too. */
function stateNames(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const here = 'States' in value && typeof value.States === 'object' && value.States !== null ? Object.keys(value.States) : [];
  return [...here, ...Object.values(value).flatMap(stateNames)];
}
