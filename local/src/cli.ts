// The commands behind the Makefile: one cloud started, shown, tested or stopped.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildLambdas } from './cloud/build.ts';
import { type Cloud, type CloudName, PORT_BASES, startCloud, webhookAddress } from './cloud/cloud.ts';
import { deploy } from './cloud/deploy.ts';
import { portsFrom, REPOSITORY, statePaths, VENV } from './cloud/paths.ts';
import { reachable, startCluster } from './cloud/postgres.ts';
import { checkTools, ensureVenv, Missing } from './cloud/prerequisites.ts';
import { run, stopAll } from './cloud/processes.ts';
import { say } from './cloud/progress.ts';
import { environmentOf } from './cloud/aws.ts';
import { LOCAL_PASSWORD } from './cloud/accounts.ts';

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  setup: async () => {
    await checkTools();
    await ensureVenv();
  },
  dev,
  demo,
  'with-cloud': withCloud,
  'with-postgres': withPostgres,
  redeploy,
  'function-env': functionEnvironment,
  stop: async () => {
    for (const name of Object.keys(PORT_BASES)) await stopAll(statePaths(name).pids);
  },
  clean,
};

/** Stops the cloud on Ctrl-C and when the parent goes away, then ends. */
function stopOnSignal(cloud: Cloud): Promise<never> {
  return new Promise(() => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        say('\nstopping…');
        void cloud.stop().then(() => process.exit(0));
      });
    }
  });
}

async function dev(): Promise<void> {
  const cloud = await startCloud({ name: 'dev', fresh: false });
  const { ports, paths, outputs } = cloud;
  say(`
RastUp runs on this machine.

  GraphQL          https://localhost:${ports.gateway}/graphql   (CA certificate: ${paths.root}/ca.pem)
  GraphiQL         https://localhost:${ports.gateway}/graphiql
  API key          ${outputs['GraphqlApiKey']}
  Provider pages   http://127.0.0.1:${ports.sandbox}/
  Webhooks         ${webhookAddress(ports, outputs)}/webhooks/…
  Emulator         http://127.0.0.1:${ports.emulator}
  PostgreSQL       ${cloud.databaseUrl}
  Logs             ${paths.logs}
  Accounts         buyer_ada, seller_… and owner_… (local/seed/cities.json), password ${LOCAL_PASSWORD}

Redeploy one function after a change:  make redeploy FN=booking_quote_resolver
Stop with Ctrl-C; the next \`make dev\` goes on where this one ended.`);
  await stopOnSignal(cloud);
}

async function demo(): Promise<void> {
  const { runDemo } = await import('./demo/demo.ts');
  const cloud = await startCloud({ name: 'demo', fresh: true });
  void stopOnSignal(cloud);
  try {
    await runDemo(cloud);
  } finally {
    await cloud.stop();
  }
}

/** `with-cloud <name> -- command…`: runs a command against a fresh cloud, whose addresses it finds in the environment. */
async function withCloud(args: string[]): Promise<void> {
  const [name, separator, command, ...rest] = args;
  if (name === undefined || !(name in PORT_BASES) || separator !== '--' || command === undefined) {
    throw new Error('usage: with-cloud <dev|demo|test> -- command…');
  }
  const cloud = await startCloud({ name: name as CloudName, fresh: true });
  void stopOnSignal(cloud);
  try {
    const env = {
      ...process.env,
      RASTUP_CLOUD: cloud.paths.addresses,
      RASTUP_STATE_DIR: cloud.paths.root,
      NODE_EXTRA_CA_CERTS: join(cloud.paths.root, 'ca.pem'),
    };
    await run(command, rest, { cwd: REPOSITORY, env, onLine: say });
  } finally {
    await cloud.stop();
  }
}

/** `with-postgres -- command…`: runs a command beside a throw-away PostgreSQL, named by TEST_DATABASE_URL. */
async function withPostgres(args: string[]): Promise<void> {
  const [separator, command, ...rest] = args;
  if (separator !== '--' || command === undefined) throw new Error('usage: with-postgres -- command…');
  const paths = statePaths('unit');
  const port = Number(process.env['RASTUP_TEST_POSTGRES_PORT'] ?? 4790);
  const cluster = await startCluster({
    directory: join(paths.root, 'postgres'),
    port,
    logs: paths.logs,
    pids: paths.pids,
    throwAway: true,
  });
  try {
    await run(command, rest, { cwd: REPOSITORY, env: { ...process.env, TEST_DATABASE_URL: cluster.url }, onLine: say });
  } finally {
    await cluster.stop();
  }
}

/** Builds one function again and replaces it in the running dev cloud. */
async function redeploy(args: string[]): Promise<void> {
  const [name] = args;
  if (name === undefined) throw new Error('usage: make redeploy FN=<binary>, such as FN=booking_quote_resolver');
  await buildLambdas(name);
  const ports = portsFrom(PORT_BASES.dev);
  await deploy(ports, statePaths('dev'));
}

/** Prints the environment that a function has in the dev cloud, for a shell. */
async function functionEnvironment(args: string[]): Promise<void> {
  const [name] = args;
  if (name === undefined) throw new Error('usage: function-env <binary>');
  const variables = await environmentOf(portsFrom(PORT_BASES.dev), `rastup-local-${name}`);
  for (const [key, value] of Object.entries(variables)) say(`${key}='${value.replaceAll("'", `'\\''`)}'`);
}

async function clean(): Promise<void> {
  for (const name of [...Object.keys(PORT_BASES), 'unit']) {
    const paths = statePaths(name);
    await stopAll(paths.pids);
    rmSync(reachable(join(paths.root, 'postgres')), { recursive: true, force: true });
  }
  for (const directory of [join(REPOSITORY, '.local'), VENV, join(REPOSITORY, 'target/lambda')]) {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
try {
  if (command === undefined) throw new Error(`unknown command "${name}": one of ${Object.keys(COMMANDS).join(', ')}`);
  await command(args);
  process.exit(0);
} catch (error) {
  const text = error instanceof Missing ? `Cannot start: ${error.message}` : error instanceof Error ? error.message : String(error);
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}
