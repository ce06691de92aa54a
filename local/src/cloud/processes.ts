// Child processes of the local cloud: started with a log file and a pid file, stopped without leaving any behind.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const STOP_GRACE_MS = 4_000;

/** A command that ended with another status than 0; carries the end of its output. */
export class CommandFailed extends Error {
  constructor(command: string, status: number | null, tail: string) {
    super(`\`${command}\` ended with status ${status ?? 'by a signal'}\n${tail}`);
  }
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  /** Sees every line of output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a command to its end and answers with its standard output. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      uid: options.uid,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let tail = '';
    const see = (chunk: Buffer, keep: boolean): void => {
      const text = chunk.toString();
      if (keep) stdout += text;
      tail = (tail + text).slice(-6_000);
      for (const line of text.split('\n')) if (line.trim() !== '') options.onLine?.(line);
    };
    child.stdout.on('data', (chunk: Buffer) => see(chunk, true));
    child.stderr.on('data', (chunk: Buffer) => see(chunk, false));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(stdout);
      else reject(new CommandFailed(`${command} ${args.join(' ')}`, status, tail));
    });
  });
}

/** A process that runs until it is stopped. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logs: string;
  readonly pids: string;
  readonly uid?: number;
  readonly cwd?: string;
  /** True once the service answers. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs?: number;
}

/** Starts a service and waits until it answers. A service left over by a killed run is stopped first. */
export async function startService(options: ServiceOptions): Promise<Service> {
  await stopByPidFile(options.pids, options.name);
  const logFile = join(options.logs, `${options.name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    uid: options.uid,
    stdio: ['ignore', log, log],
    detached: true,
  });
  let failed: Error | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  const pidFile = join(options.pids, options.name);
  if (child.pid !== undefined) writeFileSync(pidFile, `${child.pid} ${startedAt(child.pid) ?? ''}`);
  const deadline = Date.now() + (options.readyWithinMs ?? 30_000);
  while (!(await options.ready())) {
    if (failed !== undefined) throw failed;
    if (child.exitCode !== null) {
      throw new Error(`${options.name} ended at once; see ${logFile}\n${tailOf(logFile)}`);
    }
    if (Date.now() > deadline) throw new Error(`${options.name} does not answer; see ${logFile}\n${tailOf(logFile)}`);
    await sleep(50);
  }
  child.unref();
  return {
    name: options.name,
    pid: child.pid ?? 0,
    stop: async () => {
      await stopGroup(child);
      rmSync(pidFile, { force: true });
    },
  };
}

/** Stops every service whose pid file is in the directory. */
export async function stopAll(pids: string): Promise<string[]> {
  if (!existsSync(pids)) return [];
  const names = readdirSync(pids);
  await Promise.all(names.map((name) => stopByPidFile(pids, name)));
  return names;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Stops a service that an earlier run left, if it is still the same process. */
export async function stopByPidFile(pids: string, name: string): Promise<void> {
  const file = join(pids, name);
  if (!existsSync(file)) return;
  const [pid = '', started = ''] = readFileSync(file, 'utf8').split(' ');
  // After a restart of the machine the number may be somebody else's.
  if (startedAt(Number(pid)) === started) await stopGroupOf(Number(pid));
  rmSync(file, { force: true });
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  await stopGroupOf(child.pid);
}

/** Asks the whole process group to stop, and ends it when it does not. */
async function stopGroupOf(pid: number): Promise<void> {
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_GRACE_MS;
  while (alive(pid) && Date.now() < deadline) await sleep(30);
  signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}

function alive(pid: number): boolean {
  const state = asked(pid, 'state=');
  return state !== '' && !state.startsWith('Z');
}

/** When a process started, as the system words it; nothing when there is none. */
function startedAt(pid: number): string | undefined {
  const text = asked(pid, 'lstart=');
  return text === '' ? undefined : text.replaceAll(/\s+/g, '_');
}

/** What `ps` says of a process; nothing when there is none. */
function asked(pid: number, column: string): string {
  return spawnSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}

/** True when something accepts connections on a port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Fails when somebody else's program has a port that a service of ours is about to take. */
export async function refuseForeignListener(port: number): Promise<void> {
  if (await listens(port)) {
    throw new Error(`port ${port} is in use: stop what listens there (another checkout's cloud? \`make stop\` there)`);
  }
}

function tailOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-3_000) : '';
}
