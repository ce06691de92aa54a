// The local cloud as a whole: starts its parts in order, deploys onto them, seeds them, and stops them.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { buildLambdas } from './build.ts';
import { deploy, migrate, type Outputs } from './deploy.ts';
import { portsFrom, type Ports, REPOSITORY, statePaths, type StatePaths, VENV } from './paths.ts';
import { reachable, startCluster } from './postgres.ts';
import { checkTools, ensureVenv } from './prerequisites.ts';
import { refuseForeignListener, type Service, sleep, startService, stopAll } from './processes.ts';
import { step } from './progress.ts';
import { seed } from '../seed/seed.ts';

/** Ports of `make dev`; demo and tests use their own, so that all can run at once. */
export const PORT_BASES = { dev: 4500, demo: 4600, test: 4700, restart: 4800, bench: 4900 } as const;

/** PostgreSQL's code while it starts up. */
const CANNOT_CONNECT_NOW = '57P03';

/** Clouds whose database must survive a crash; the others trade that for speed. */
const DURABLE: readonly string[] = ['dev', 'restart'];
export type CloudName = keyof typeof PORT_BASES;

export interface Cloud {
  readonly name: CloudName;
  readonly ports: Ports;
  readonly paths: StatePaths;
  readonly outputs: Outputs;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

export interface CloudOptions {
  readonly name: CloudName;
  /** Begin with an empty record; otherwise go on where the last run ended. */
  readonly fresh: boolean;
  readonly build?: boolean;
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const base = PORT_BASES[options.name];
  const ports = portsFrom(base);
  const paths = statePaths(options.name);
  await checkTools();
  await ensureVenv();
  await stopAll(paths.pids);
  for (const port of Object.values(ports)) await refuseForeignListener(port);
  if (options.fresh) {
    for (const file of ['emulator', 'sandbox', 'faults', 'clock', 'postgres', 'logs']) {
      rmSync(join(paths.root, file), { recursive: true, force: true });
    }
    rmSync(reachable(join(paths.root, 'postgres')), { recursive: true, force: true });
    statePaths(options.name);
  }
  if (!existsSync(paths.clock)) writeFileSync(paths.clock, '0\n');
  if (options.build !== false) await buildLambdas();

  const services: Service[] = [];
  const stop = async (): Promise<void> => {
    for (const service of [...services].reverse()) await service.stop();
  };
  try {
    await step('PostgreSQL, emulator and provider sandbox started', async () => {
      const cluster = await startCluster({
        directory: join(paths.root, 'postgres'),
        port: ports.postgres,
        logs: paths.logs,
        pids: paths.pids,
        throwAway: !DURABLE.includes(options.name),
      });
      services.push(cluster);
      await ensureDatabase(cluster.url);
      services.push(...(await Promise.all([startEmulator(ports, paths), startSandbox(ports, paths)])));
    });
    const outputs = await deploy(ports, paths);
    await migrate(ports, outputs);
    services.push(await startGateway(ports, paths));
    await configureSandbox(ports, outputs);
    const databaseUrl = databaseAddress(ports);
    await step('two cities seeded', () => seed(ports, outputs, databaseUrl));
    if (!options.fresh) await replayUnfinished(databaseUrl);
    writeFileSync(paths.addresses, JSON.stringify({ ports, outputs }, null, 2));
    return { name: options.name, ports, paths, outputs, databaseUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function databaseAddress(ports: Ports): string {
  return `postgres://rastup@127.0.0.1:${ports.postgres}/rastup`;
}

/** The port is open before the server lets anyone in; after a crash it first replays its log. */
async function connectWhenReady(url: string): Promise<pg.Client> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      const isStarting = (error as { code?: string }).code === CANNOT_CONNECT_NOW;
      if (!isStarting || Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function ensureDatabase(maintenanceUrl: string): Promise<void> {
  const client = await connectWhenReady(maintenanceUrl);
  const found = await client.query("select 1 from pg_database where datname = 'rastup'");
  if (found.rowCount === 0) await client.query('create database rastup');
  await client.end();
}

/**
 * The emulator's queues and executions live in its memory. What they had taken from the outbox for an order that is
 * not finished is published again; every consumer is idempotent, so nothing happens twice.
 */
async function replayUnfinished(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `update platform.outbox set published_at = null, leased_until = null
     where published_at is not null and not exists (
       select 1 from platform.outbox done
       where done.event = 'payout.paid' and done.detail->'ids'->>'lbg_id' = platform.outbox.detail->'ids'->>'lbg_id')`,
  );
  await client.end();
}

function startEmulator(ports: Ports, paths: StatePaths): Promise<Service> {
  const url = `http://127.0.0.1:${ports.emulator}`;
  // A clean environment: functions inherit the emulator's.
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    GATEWAY_PORT: String(ports.emulator),
    BIND_HOST: '127.0.0.1',
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    CLOCK_FILE: paths.clock,
    S3_PERSIST: '1',
    S3_DATA_DIR: join(paths.root, 'emulator/s3'),
    STATE_DIR: join(paths.root, 'emulator/state'),
    TMPDIR: process.env['TMPDIR'],
    IOT_MTLS_ENABLED: '0',
    LOG_LEVEL: 'WARNING',
    PYTHONUNBUFFERED: '1',
  };
  return startService({
    name: 'emulator',
    command: join(VENV, 'bin/python'),
    args: [join(REPOSITORY, 'local/src/emulator/launch.py')],
    env,
    logs: paths.logs,
    pids: paths.pids,
    ready: () => answers(`${url}/_ministack/health`),
  });
}

function node(script: string): { command: string; args: string[]; cwd: string } {
  return { command: process.execPath, args: ['--import', 'tsx', join(REPOSITORY, script)], cwd: REPOSITORY };
}

function startSandbox(ports: Ports, paths: StatePaths): Promise<Service> {
  return startService({
    name: 'sandbox',
    ...node('local/src/sandbox/main.ts'),
    env: {
      ...process.env,
      SANDBOX_PORT: String(ports.sandbox),
      SANDBOX_STATE_DIR: join(paths.root, 'sandbox'),
      CLOCK_FILE: paths.clock,
    },
    logs: paths.logs,
    pids: paths.pids,
    ready: () => answers(`http://127.0.0.1:${ports.sandbox}/_sandbox/health`),
  });
}

function startGateway(ports: Ports, paths: StatePaths): Promise<Service> {
  return step('GraphQL gateway started', () =>
    startService({
      name: 'gateway',
      ...node('local/src/gateway/main.ts'),
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.emulator}`,
        AWS_REGION: 'us-east-1',
        AWS_SECRET_ACCESS_KEY: 'test',
        RASTUP_STAGE: 'local',
        RASTUP_CDK_OUT: paths.cdkOut,
        RASTUP_STATE_DIR: paths.root,
        RASTUP_GATEWAY_TLS_PORT: String(ports.gateway),
        RASTUP_GATEWAY_HTTP_PORT: String(ports.gatewayInside),
      },
      logs: paths.logs,
      pids: paths.pids,
      ready: () => answers(`http://127.0.0.1:${ports.gatewayInside}/graphiql`),
    }),
  );
}

/** Base address of the webhook routes: the emulator serves HTTP APIs below its own address. */
export function webhookAddress(ports: Ports, outputs: Outputs): string {
  return `http://127.0.0.1:${ports.emulator}/_aws/execute-api/${outputs['HttpApiId']}/$default`;
}

async function configureSandbox(ports: Ports, outputs: Outputs): Promise<void> {
  const webhooks = webhookAddress(ports, outputs);
  const response = await fetch(`http://127.0.0.1:${ports.sandbox}/_sandbox/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      stripe: { webhookUrl: `${webhooks}/webhooks/stripe`, webhookSecrets: ['whsec_rastup_local_current'] },
      esign: { webhookUrl: `${webhooks}/webhooks/esign`, apiKey: 'esign_rastup_local' },
    }),
  });
  if (!response.ok) throw new Error(`the sandbox refused its configuration: ${response.status}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    return false;
  }
}
