// Synthesises every stage with stub code, offline: shows that the templates can be made, and how large they are.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { buildApp } from '../lib/app.ts';
import { loadConfig, STAGES } from '../lib/config.ts';
import { lambdasOf, readTree } from '../lib/manifest.ts';

const workspace = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(workspace, '..');
const { context } = JSON.parse(readFileSync(join(workspace, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};
/** Stands for the addresses of a local cloud that does not run. */
const environment = {
  RASTUP_LOCAL_DATABASE:
    '{"host":"127.0.0.1","port":5432,"username":"u","password":"p","dbname":"d","sslmode":"disable"}',
  RASTUP_LOCAL_SANDBOX_URL: 'http://127.0.0.1:4504',
  RASTUP_LOCAL_GATEWAY_URL: 'http://127.0.0.1:4503',
  RASTUP_LOCAL_EMULATOR_URL: 'http://127.0.0.1:4566',
  CLOCK_FILE: '/var/empty/clock',
  FAULT_DIR: '/var/empty/faults',
  ...process.env,
};

const stubs = mkdtempSync(join(tmpdir(), 'rastup-stubs-'));
try {
  for (const lambda of lambdasOf(readTree(root))) {
    mkdirSync(join(stubs, lambda.name));
    writeFileSync(join(stubs, lambda.name, 'bootstrap'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }
  for (const stage of STAGES) {
    const app = new App({ outdir: join(workspace, 'cdk.out', stage), context });
    buildApp(app, { config: loadConfig(stage, environment), root, lambdaDirectory: stubs });
    const counts = app.synth().stacks.map((stack) => {
      const template = stack.template as { Resources?: object };
      return `${stack.stackName.split('-').at(-1)} ${Object.keys(template.Resources ?? {}).length}`;
    });
    process.stdout.write(`${stage}: ${counts.join(', ')}\n`);
  }
} finally {
  rmSync(stubs, { recursive: true, force: true });
}
