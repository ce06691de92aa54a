// Building the Lambdas and laying out the directories that the CDK app deploys.
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './paths.ts';
import { run } from './processes.ts';
import { step } from './progress.ts';

/** Names of all Lambdas, from the manifests. */
export function lambdas(): string[] {
  const contexts = readdirSync(join(REPOSITORY, 'functions'));
  return contexts.flatMap((context) => {
    const text = readFileSync(join(REPOSITORY, 'functions', context, 'manifest.json'), 'utf8');
    return Object.keys((JSON.parse(text) as { lambdas: Record<string, unknown> }).lambdas);
  });
}

/** Where cargo puts its output; a developer may have moved it. */
function targetDirectory(): string {
  return process.env['CARGO_TARGET_DIR'] ?? join(REPOSITORY, 'target');
}

/** Builds every Lambda, or one, with the profile that serves both the local cloud and the tests. */
export async function buildLambdas(only?: string): Promise<void> {
  const what = only === undefined ? ['--workspace', '--bins'] : ['--bin', only];
  await step(only === undefined ? 'Lambdas built' : `${only} built`, async (note) => {
    await run('cargo', ['build', '--locked', ...what], { cwd: REPOSITORY, onLine: note });
  });
  layOut(only === undefined ? lambdas() : [only]);
}

/**
 * Writes `target/lambda/<name>/bootstrap` for the local stage: a script that becomes the binary in place. A dev binary
 * has tens of megabytes, and zipping ninety of them would take longer than the whole deployment. The stamp in it
 * changes with the binary, so that a deployment replaces exactly the functions that changed. Log lines go to a file a
 * function, where a person finds them sooner than in the emulator's log service.
 */
export function layOut(names: readonly string[]): void {
  for (const name of names) {
    const binary = join(targetDirectory(), 'debug', name);
    const { mtimeMs, size } = statSync(binary);
    const directory = join(REPOSITORY, 'target/lambda', name);
    mkdirSync(directory, { recursive: true });
    const bootstrap = join(directory, 'bootstrap');
    const log = '"$(dirname "$CLOCK_FILE")/logs/lambda/$RASTUP_FUNCTION.log"';
    writeFileSync(bootstrap, `#!/bin/sh\n# ${Math.round(mtimeMs)} ${size}\nexec '${binary}' >>${log} 2>&1\n`);
    chmodSync(bootstrap, 0o755);
  }
}
