// Entry point of the CDK CLI: one stage, chosen with `-c stage=…` (default `local`).
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { buildApp } from '../lib/app.ts';
import { loadConfig } from '../lib/config.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const app = new App();
const stage: unknown = app.node.tryGetContext('stage') ?? 'local';
buildApp(app, {
  config: loadConfig(String(stage), process.env),
  root,
  lambdaDirectory: process.env['RASTUP_LAMBDA_DIR'] ?? join(root, 'target/lambda'),
});
