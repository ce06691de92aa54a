// Measures functions one after another in turns, so that a busy moment of the machine hits all alike, and writes
// `target/bench/lambdas.json`.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import pg from 'pg';
import { REPOSITORY, statePaths } from '../../local/src/cloud/paths.ts';
import { startCluster } from '../../local/src/cloud/postgres.ts';
import { ensureCertificates } from '../../local/src/gateway/transport/tls.ts';
import { type Cities, loadStudio } from '../../local/src/seed/load.ts';
import { AwsStub } from './aws-stub.ts';
import { RuntimeApi } from './runtime-api.ts';
import { median, quantile } from './stats.ts';
import { environment, NODE_TWIN, OUTPUT, type Place, secrets, type Subject, subjects, TWIN } from './subjects.ts';

const COLD_STARTS = Number(process.env['BENCH_COLD_STARTS'] ?? 15);
/** Cold starts that go on to warm calls. */
const WARM_RUNS = 3;
const WARM_CALLS = Number(process.env['BENCH_WARM_CALLS'] ?? 500);
const WARM_UP_CALLS = 50;
const POSTGRES_PORT = Number(process.env['RASTUP_BENCH_POSTGRES_PORT'] ?? 4795);
const DATABASE = 'bench';

/** Times in milliseconds, sizes in bytes; medians unless the name says otherwise. */
export interface Measured {
  readonly name: string;
  readonly does: string;
  readonly artifactBytes: number;
  readonly zippedBytes: number;
  readonly coldStarts: number;
  /** What else the machine did: the kernel's load average of a minute, before. */
  readonly loadBefore: number;
  readonly coldCpuMs: number;
  readonly coldWallMs: number;
  readonly startedMemoryBytes: number;
  readonly firstCallMs?: number;
  readonly warmCalls?: number;
  readonly warmP50Ms?: number;
  readonly warmP95Ms?: number;
  readonly warmCpuMs?: number;
  readonly peakMemoryBytes?: number;
}

interface Samples {
  readonly coldCpu: number[];
  readonly coldWall: number[];
  readonly startedMemory: number[];
  readonly first: number[];
  readonly warm: number[];
  readonly warmCpu: number[];
  readonly peakMemory: number[];
}

/** Brings the twin into one minified file. */
async function bundleTwin(): Promise<void> {
  await build({
    entryPoints: [join(REPOSITORY, 'tests/bench/node/main.ts')],
    outfile: join(OUTPUT, 'node/studios-resolver.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['pg-native'],
    logLevel: 'error',
  });
}

/** Migrates a database of its own and publishes one studio; answers with its slug. */
async function prepareDatabase(maintenanceUrl: string): Promise<string> {
  const maintenance = new pg.Client({ connectionString: maintenanceUrl });
  await maintenance.connect();
  await maintenance.query(`create database ${DATABASE}`);
  await maintenance.end();
  const db = new pg.Client({ connectionString: maintenanceUrl.replace(/postgres$/, DATABASE) });
  await db.connect();
  const migrations = join(REPOSITORY, 'shared/store/migrations');
  for (const file of readdirSync(migrations).sort()) await db.query(readFileSync(join(migrations, file), 'utf8'));
  const cities = JSON.parse(readFileSync(join(REPOSITORY, 'local/seed/cities.json'), 'utf8')) as Cities;
  const [studio] = cities.studios;
  if (studio === undefined) throw new Error('the seed has no studio');
  await loadStudio(db, `usr_${'0'.repeat(31)}1`, studio);
  await db.query('analyze');
  await db.end();
  return studio.slug;
}

async function turn(api: RuntimeApi, subject: Subject, place: Place, samples: Samples, warm: boolean): Promise<unknown> {
  const running = await api.launch(subject.command, environment(subject, place));
  try {
    samples.coldCpu.push(running.cold.cpuMs);
    samples.coldWall.push(running.cold.wallMs);
    samples.startedMemory.push(running.peakMemoryBytes());
    const { event } = subject;
    if (event === undefined) return undefined;
    const call = async (): Promise<{ wallMs: number; body: unknown }> => {
      const answer = await running.invoke(event((calls += 1)));
      if (answer.kind === 'error') throw new Error(`${subject.name} failed: ${JSON.stringify(answer.body)}`);
      return answer;
    };
    const first = await call();
    samples.first.push(first.wallMs);
    if (warm) {
      for (let n = 0; n < WARM_UP_CALLS; n += 1) await call();
      const before = running.cpuMs();
      for (let n = 0; n < WARM_CALLS; n += 1) samples.warm.push((await call()).wallMs);
      samples.warmCpu.push((running.cpuMs() - before) / WARM_CALLS);
      samples.peakMemory.push(running.peakMemoryBytes());
    }
    return first.body;
  } finally {
    await running.stop();
  }
}

let calls = 0;

/** Bytes of a zip archive with this one file: compressed data, local header, directory entry and end record. */
function zippedBytes(artifact: string): number {
  const nameBytes = 'bootstrap'.length;
  return deflateRawSync(readFileSync(artifact), { level: 9 }).length + 30 + 46 + 22 + 2 * nameBytes;
}

function summary(subject: Subject, samples: Samples, loadBefore: number): Measured {
  return {
    name: subject.name,
    does: subject.does,
    artifactBytes: statSync(subject.artifact).size,
    zippedBytes: zippedBytes(subject.artifact),
    coldStarts: samples.coldCpu.length,
    loadBefore,
    coldCpuMs: median(samples.coldCpu),
    coldWallMs: median(samples.coldWall),
    startedMemoryBytes: median(samples.startedMemory),
    ...(samples.warm.length === 0
      ? {}
      : {
          firstCallMs: median(samples.first),
          warmCalls: samples.warm.length,
          warmP50Ms: median(samples.warm),
          warmP95Ms: quantile(samples.warm, 0.95),
          warmCpuMs: median(samples.warmCpu),
          peakMemoryBytes: median(samples.peakMemory),
        }),
  };
}

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] as number;
  mkdirSync(OUTPUT, { recursive: true });
  await bundleTwin();
  const paths = statePaths('bench');
  const { cert, key, caPath } = await ensureCertificates(paths.root);
  const certificates = join(paths.root, 'certificates.pem');
  const system = ['/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/certs/ca-certificates.crt'].find((file) => existsSync(file));
  writeFileSync(certificates, [system, caPath].flatMap((file) => (file === undefined ? [] : [readFileSync(file, 'utf8')])).join('\n'));
  const cluster = await startCluster({ directory: join(paths.root, 'postgres'), port: POSTGRES_PORT, logs: paths.logs, pids: paths.pids, throwAway: true });
  const stub = await AwsStub.start({ cert, key }, secrets(POSTGRES_PORT, DATABASE));
  const api = await RuntimeApi.start();
  try {
    const slug = await prepareDatabase(cluster.url);
    const place: Place = { endpoint: stub.url, certificates, stubCertificate: caPath };
    const measured = subjects(slug).filter(({ artifact }) => existsSync(artifact));
    const samples = new Map<string, Samples>(
      measured.map(({ name }) => [name, { coldCpu: [], coldWall: [], startedMemory: [], first: [], warm: [], warmCpu: [], peakMemory: [] }]),
    );
    const answers = new Map<string, unknown>();
    for (let round = 0; round < COLD_STARTS; round += 1) {
      process.stdout.write(`  … round ${round + 1} of ${COLD_STARTS}\n`);
      for (const subject of measured) {
        const answer = await turn(api, subject, place, samples.get(subject.name) as Samples, round < WARM_RUNS);
        answers.set(subject.name, answer);
      }
    }
    if (answers.has(TWIN)) assert.deepEqual(answers.get(NODE_TWIN), answers.get(TWIN), 'both answer alike');
    const results = measured.map((subject) => summary(subject, samples.get(subject.name) as Samples, loadBefore));
    writeFileSync(join(OUTPUT, 'lambdas.json'), `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    api.close();
    stub.close();
    await cluster.stop();
  }
}

await main();
process.exit(0);
