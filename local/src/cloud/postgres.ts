// A PostgreSQL cluster of our own: the record of a local cloud, or a throw-away one for a test run.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresPrograms } from './prerequisites.ts';
import { listens, refuseForeignListener, run, type Service, startService, stopByPidFile } from './processes.ts';

export interface Cluster extends Service {
  /** Address of the maintenance database. */
  readonly url: string;
  readonly port: number;
}

export interface ClusterOptions {
  readonly directory: string;
  readonly port: number;
  readonly logs: string;
  readonly pids: string;
  /** A cluster that may lose everything on a crash is much faster; only for tests. */
  readonly throwAway: boolean;
}

/** PostgreSQL refuses to run as root: a container's root hands the cluster to an unprivileged account. */
function unprivileged(): number | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const account of ['postgres', 'nobody']) {
    try {
      return Number(execFileSync('id', ['-u', account], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    } catch {
      // No such account: try the next.
    }
  }
  throw new Error('PostgreSQL does not run as root, and neither `postgres` nor `nobody` exists: run as another user');
}

/** Starts the cluster, making it when it does not exist yet. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const programs = await postgresPrograms();
  const uid = unprivileged();
  await stopByPidFile(options.pids, 'postgres');
  await refuseForeignListener(options.port);
  const directory = uid === undefined ? options.directory : reachable(options.directory);
  const data = join(directory, 'data');
  if (options.throwAway) rmSync(data, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  if (uid !== undefined) chownSync(directory, uid, -1);
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', TZ: 'UTC', HOME: directory };
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const fast = options.throwAway ? ['--no-sync'] : [];
    await run(join(programs, 'initdb'), ['-D', data, '-U', 'rastup', '-A', 'trust', '-E', 'UTF8', ...fast], {
      uid,
      env,
      cwd: directory,
    });
  }
  // Every concurrent invocation is a process with a connection of its own; in the cloud a proxy stands between.
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=1200', 'timezone=UTC', 'shared_buffers=128MB'];
  if (options.throwAway) settings.push('fsync=off', 'full_page_writes=off', 'synchronous_commit=off');
  const args = ['-D', data, '-p', String(options.port), ...settings.flatMap((s) => ['-c', s])];
  const service = await startService({
    name: 'postgres',
    command: join(programs, 'postgres'),
    args,
    env,
    uid,
    cwd: directory,
    logs: options.logs,
    pids: options.pids,
    ready: () => listens(options.port),
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    if (options.throwAway) rmSync(directory, { recursive: true, force: true });
  };
  return { ...service, stop, port: options.port, url: `postgres://rastup@127.0.0.1:${options.port}/postgres` };
}

/** The unprivileged account may not be let into the repository (under `/root`, say): its data goes where it can. */
export function reachable(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  return join(tmpdir(), `rastup-postgres-${name}`);
}
