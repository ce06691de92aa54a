// Deploying the CDK app onto the emulator; the same app that deploys to AWS.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBucket, invoke } from './aws.ts';
import { type Ports, REPOSITORY, type StatePaths } from './paths.ts';
import { run } from './processes.ts';
import { step } from './progress.ts';

/** Where the CDK app puts function code; the name is in `infra-cdk/lib/app.ts`. */
const LOCAL_ASSETS_BUCKET = 'rastup-local-assets';

/** Outputs of all stacks by key; the keys are listed in `infra-cdk/lib/outputs.ts`. */
export type Outputs = Readonly<Record<string, string>>;

/** What the CDK app reads when it is synthesised for the local stage. */
export function deployEnvironment(ports: Ports, paths: StatePaths): NodeJS.ProcessEnv {
  return {
    ...process.env,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.emulator}`,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${ports.emulator}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    CDK_DISABLE_CLI_TELEMETRY: '1',
    RASTUP_LOCAL_DATABASE: JSON.stringify({
      host: '127.0.0.1',
      port: ports.postgres,
      username: 'rastup',
      password: 'local',
      dbname: 'rastup',
      sslmode: 'disable',
    }),
    RASTUP_LOCAL_SANDBOX_URL: `http://127.0.0.1:${ports.sandbox}`,
    RASTUP_LOCAL_GATEWAY_URL: `http://127.0.0.1:${ports.gatewayInside}`,
    RASTUP_LOCAL_EMULATOR_URL: `http://127.0.0.1:${ports.emulator}`,
    CLOCK_FILE: paths.clock,
    FAULT_DIR: paths.faults,
  };
}

/** Synthesises and deploys every stack; what did not change is left alone. */
export async function deploy(ports: Ports, paths: StatePaths): Promise<Outputs> {
  const env = deployEnvironment(ports, paths);
  await ensureBucket(ports, LOCAL_ASSETS_BUCKET);
  await step('infra-cdk deployed', async (note) => {
    const args = ['deploy', '--all', '-c', 'stage=local', '--require-approval', 'never', '--concurrency', '4'];
    args.push('--method=direct', '--asset-parallelism', '--output', paths.cdkOut, '--outputs-file', paths.outputs, '--ci');
    await run(join(REPOSITORY, 'node_modules/.bin/cdk'), args, { cwd: join(REPOSITORY, 'infra-cdk'), env, onLine: note });
  });
  return readOutputs(paths);
}

export function readOutputs(paths: StatePaths): Outputs {
  if (!existsSync(paths.outputs)) throw new Error('nothing is deployed: run `make dev` first');
  const byStack = JSON.parse(readFileSync(paths.outputs, 'utf8')) as Record<string, Record<string, string>>;
  return Object.assign({}, ...Object.values(byStack)) as Outputs;
}

/** Runs the migrations as a deployment does: by the Lambda that carries them. */
export async function migrate(ports: Ports, outputs: Outputs): Promise<void> {
  await step('database migrated', async () => {
    await invoke(ports, outputs['MigrateFunctionName'] as string, {});
  });
}
