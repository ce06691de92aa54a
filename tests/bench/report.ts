// Writes docs/BENCHMARKS.md from what was measured; a part that was not measured says so.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../../local/src/cloud/paths.ts';
import type { Journeys } from './journeys.ts';
import type { Measured } from './lambdas.ts';
import { NODE_TWIN, OUTPUT, subjects, TWIN } from './subjects.ts';

interface Decision {
  readonly name: string;
  readonly nanoseconds: number;
}

function measured<T>(file: string): T | undefined {
  const path = join(OUTPUT, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(value < 10 ? 2 : 1)} ms`);
const mib = (bytes: number | undefined): string => (bytes === undefined ? '–' : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function lambdaTable(all: readonly Measured[]): string {
  const head = ['function', 'start-up, CPU', 'start-up, wall', 'first call', 'warm p50', 'warm p95', 'warm, CPU a call', 'memory at first poll', 'peak memory', 'artifact', 'zipped'];
  const rows = all.map((one) => [
    `\`${one.name}\``,
    ms(one.coldCpuMs),
    ms(one.coldWallMs),
    ms(one.firstCallMs),
    ms(one.warmP50Ms),
    ms(one.warmP95Ms),
    ms(one.warmCpuMs),
    mib(one.startedMemoryBytes),
    mib(one.peakMemoryBytes),
    megabytes(one.artifactBytes),
    megabytes(one.zippedBytes),
  ]);
  return table(head, rows);
}

/** The targets of the resolver that exists twice. */
function targetTable(rust: Measured, node: Measured): string {
  const ratio = (a: number | undefined, b: number | undefined): number => (a ?? Number.NaN) / (b ?? Number.NaN);
  const row = (what: string, ours: string, theirs: string, value: number | undefined, target: string, reached: boolean): string[] => [
    what,
    ours,
    theirs,
    value === undefined ? '' : `1/${(1 / value).toFixed(1)}`,
    target,
    reached ? 'reached' : '**not reached**',
  ];
  const start = ratio(rust.coldCpuMs, node.coldCpuMs);
  const warm = ratio(rust.warmP50Ms, node.warmP50Ms);
  const warmCpu = ratio(rust.warmCpuMs, node.warmCpuMs);
  const memory = ratio(rust.peakMemoryBytes, node.peakMemoryBytes);
  return table(
    ['what', 'Rust', 'Node 20', 'ratio', 'target', ''],
    [
      row('start-up, CPU', ms(rust.coldCpuMs), ms(node.coldCpuMs), start, '≤ 1/15', start <= 1 / 15),
      row('start-up, CPU, absolute', ms(rust.coldCpuMs), ms(node.coldCpuMs), undefined, '≤ 12 ms', rust.coldCpuMs <= 12),
      row('warm call, p50', ms(rust.warmP50Ms), ms(node.warmP50Ms), warm, '≤ 1/3', warm <= 1 / 3),
      row('warm call, CPU of the function', ms(rust.warmCpuMs), ms(node.warmCpuMs), warmCpu, '≤ 1/3', warmCpu <= 1 / 3),
      row('peak memory', mib(rust.peakMemoryBytes), mib(node.peakMemoryBytes), memory, '≤ 1/5', memory <= 1 / 5),
      row('zipped', megabytes(rust.zippedBytes), megabytes(node.zippedBytes), undefined, '≤ 5 MB', rust.zippedBytes <= 5e6),
    ],
  );
}

function output(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' }).trim();
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const rustc = output('rustc', '--version').split(' ')[1] ?? '';
  const memory = Math.round(totalmem() / 2 ** 30);
  const day = new Date().toISOString().slice(0, 10);
  return `${cpus().length} cores (${model}), ${memory} GiB, Linux ${output('uname', '-r').split('-')[0]}; Rust ${rustc}, Node ${process.versions.node}; measured on ${day}.`;
}

const lambdas = measured<Measured[]>('lambdas.json') ?? [];
const journeys = measured<Journeys>('journeys.json');
const decisions = measured<Decision[]>('decisions.json');
const missing = subjects('').filter(({ name }) => !lambdas.some((one) => one.name === name));
const rust = lambdas.find(({ name }) => name === TWIN);
const node = lambdas.find(({ name }) => name === NODE_TWIN);
const notes = readFileSync(join(REPOSITORY, 'tests/bench/notes.md'), 'utf8').trim();

writeFileSync(
  join(REPOSITORY, 'docs/BENCHMARKS.md'),
  `# Benchmarks

<!-- Written by \`make bench\` (tests/bench/report.ts); edit tests/bench/notes.md for the words at the end. -->

${machine()}

## Against Node

The same function twice: \`${TWIN}\` (PostgreSQL, DynamoDB, EventBridge and Secrets Manager clients; release build, one file) and
its twin on Node 20 with AWS SDK v3 and \`pg\`, bundled and minified into one file (\`tests/bench/node\`). Both answer
\`Query.studio\` with the same statements in the same transaction and the same JSON, which is checked.

${rust === undefined || node === undefined ? 'Not measured yet.' : targetTable(rust, node)}

## The path's Lambdas

${lambdas.length === 0 ? 'Not measured yet.' : lambdaTable(lambdas)}

${lambdas.filter((one) => one.does !== 'the same').map((one) => `- \`${one.name}\`: ${one.does}.`).join('\n')}

${missing.length === 0 ? '' : `Not measured yet: ${missing.map(({ name }) => `\`${name}\``).join(', ')}.\n\n`}Medians of ${rust?.coldStarts ?? 0} starts in turns and of ${rust?.warmCalls ?? 0} warm calls; load average before the run ${(rust?.loadBefore ?? 0).toFixed(1)}.

## Decisions without input or output

${decisions === undefined ? 'Not measured yet.' : table(['decision', 'one call'], decisions.map(({ name, nanoseconds }) => [name, nanoseconds < 1_000 ? `${nanoseconds.toFixed(0)} ns` : `${(nanoseconds / 1_000).toFixed(2)} µs`]))}

## Bookings per second on the local cloud

${
  journeys === undefined
    ? 'Not measured yet.'
    : `${journeys.perSecond.toFixed(2)} confirmed bookings per second: ${journeys.journeys} bookings of one talent, ${journeys.concurrency} buyers at once, from \`startCheckout\`
through signed documents and a card payment to \`CONFIRMED\` (median ${(journeys.medianMs / 1000).toFixed(2)} s, p95 ${(journeys.p95Ms / 1000).toFixed(2)} s). Gateway, emulator, PostgreSQL,
sandbox, clients and every Lambda (debug builds, as the local cloud runs them) share the ${cpus().length} cores; load average before the run ${journeys.loadBefore.toFixed(1)}.`
}

${notes}
`,
);
