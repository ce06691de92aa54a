// The Lambda Runtime API for one process at a time: starts it with a function's environment, feeds it events and
// measures it from outside. It knows nothing of what the function does.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const API = '/2018-06-01/runtime';
const FIRST_POLL_WITHIN_MS = 30_000;
const ANSWER_WITHIN_MS = 15_000;

/** What a function answered to one event. */
export interface Answer {
  readonly kind: 'response' | 'error';
  readonly body: unknown;
  /** From handing out the event to having the whole answer. */
  readonly wallMs: number;
}

/** The process between its start and its first poll. */
export interface ColdStart {
  readonly wallMs: number;
  /** Processor time of all its threads, user and system. */
  readonly cpuMs: number;
}

type Outcome = Omit<Answer, 'wallMs'>;

/** Serves `next`, `response` and `error` to the child of the moment. */
export class RuntimeApi {
  private readonly server: Server;
  private poll: ServerResponse | undefined;
  private polled: (() => void) | undefined;
  private answered: ((outcome: Outcome) => void) | undefined;
  private failed: ((error: Error) => void) | undefined;

  private constructor() {
    this.server = createServer((request, response) => {
      void this.serve(request, response);
    });
    this.server.keepAliveTimeout = 0;
  }

  static async start(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    return api;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Starts a process and waits until it asks for its first event. */
  async launch(command: readonly string[], env: NodeJS.ProcessEnv): Promise<RunningFunction> {
    this.poll = undefined;
    const [program, ...args] = command as [string, ...string[]];
    const firstPoll = this.nextPoll(FIRST_POLL_WITHIN_MS);
    const began = performance.now();
    const child = spawn(program, args, {
      env: { ...env, AWS_LAMBDA_RUNTIME_API: this.address },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2_000);
    });
    child.on('exit', (status) => this.failed?.(new Error(`${program} ended with status ${status}: ${complaint}`)));
    child.on('error', (error) => this.failed?.(error));
    await firstPoll;
    const wallMs = performance.now() - began;
    return new RunningFunction(this, child, { wallMs, cpuMs: cpuMs(child.pid as number) });
  }

  /** Hands an event to the process that polls, and waits for its answer and its next poll. */
  async invoke(event: string): Promise<Answer> {
    const poll = this.poll;
    if (poll === undefined) throw new Error('nobody polls');
    this.poll = undefined;
    const answer = within(ANSWER_WITHIN_MS, 'no answer', (resolve: (outcome: Outcome) => void, reject) => {
      this.answered = resolve;
      this.failed = reject;
    });
    const nextPoll = this.nextPoll(ANSWER_WITHIN_MS);
    // When the function ends, the missing answer is the failure to tell.
    nextPoll.catch(() => undefined);
    const began = performance.now();
    poll.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(event),
      'lambda-runtime-aws-request-id': randomUUID(),
      'lambda-runtime-deadline-ms': String(Date.now() + ANSWER_WITHIN_MS),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:bench',
      'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0',
    });
    poll.end(event);
    const outcome = await answer;
    const wallMs = performance.now() - began;
    await nextPoll;
    return { ...outcome, wallMs };
  }

  private nextPoll(ms: number): Promise<void> {
    return within(ms, 'no poll', (resolve: () => void, reject) => {
      this.polled = resolve;
      const other = this.failed;
      this.failed = (error) => {
        other?.(error);
        reject(error);
      };
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${API}/invocation/next`) {
      this.poll = response;
      this.polled?.();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.writeHead(202, { 'content-length': 0 }).end();
    const text = Buffer.concat(chunks).toString();
    if (path === `${API}/init/error`) this.failed?.(new Error(`the function could not start: ${text}`));
    else this.answered?.({ kind: path.endsWith('/response') ? 'response' : 'error', body: JSON.parse(text || 'null') });
  }
}

/** A started function. */
export class RunningFunction {
  constructor(
    private readonly api: RuntimeApi,
    private readonly child: ChildProcess,
    readonly cold: ColdStart,
  ) {}

  invoke(event: unknown): Promise<Answer> {
    return this.api.invoke(JSON.stringify(event));
  }

  /** Processor time since the start, all threads. */
  cpuMs(): number {
    return cpuMs(this.child.pid as number);
  }

  /** The most memory that it held at once. */
  peakMemoryBytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  async stop(): Promise<void> {
    this.child.removeAllListeners('exit');
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

/** Nanosecond accounting of the scheduler, summed over threads: `/proc/<pid>/stat` counts in steps of 10 ms. */
function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(schedstat(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
  }
  return nanoseconds / 1e6;
}

function schedstat(path: string): string {
  // A thread may end between the listing and the reading.
  try {
    const file = openSync(path, 'r');
    try {
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return '0';
  }
}

function within<T>(ms: number, problem: string, begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${problem} within ${ms} ms`)), ms);
    begin(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
