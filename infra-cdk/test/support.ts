// Synthesises the app for the tests: with stub code, once per stage, optionally under cdk-nag.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { buildApp } from '../lib/app.ts';
import { loadConfig, type StageName } from '../lib/config.ts';
import { lambdasOf, readTree, type Tree } from '../lib/manifest.ts';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** What the local stage needs from its surroundings. */
export const LOCAL_ENVIRONMENT = {
  RASTUP_LOCAL_DATABASE: JSON.stringify({
    host: '127.0.0.1',
    port: 5432,
    username: 'rastup',
    password: 'not-a-secret',
    dbname: 'rastup',
    sslmode: 'disable',
  }),
  RASTUP_LOCAL_SANDBOX_URL: 'http://127.0.0.1:4504',
  RASTUP_LOCAL_GATEWAY_URL: 'http://127.0.0.1:4503',
  RASTUP_LOCAL_EMULATOR_URL: 'http://127.0.0.1:4566',
  CLOCK_FILE: '/var/empty/clock',
  FAULT_DIR: '/var/empty/faults',
};

export interface Resource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
  /** What becomes of it when its stack is deleted; absent where CloudFormation deletes it anyway. */
  readonly deletionPolicy: string | undefined;
}

export interface Synthesised {
  readonly stage: StageName;
  readonly tree: Tree;
  readonly stacks: readonly string[];
  readonly resources: readonly Resource[];
  ofType(type: string): Resource[];
  /** Every stack's outputs by key. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rastup-cdk-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A directory with an empty bootstrap for every Lambda of the tree. */
export function stubLambdas(tree: Tree): string {
  const directory = scratch();
  for (const lambda of lambdasOf(tree)) {
    mkdirSync(join(directory, lambda.name), { recursive: true });
    writeFileSync(join(directory, lambda.name, 'bootstrap'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }
  return directory;
}

export function newApp(outdir?: string): App {
  const { context } = JSON.parse(readFileSync(join(ROOT, 'infra-cdk/cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return new App({ outdir: outdir ?? scratch(), context: { ...context, 'aws:cdk:disable-asset-staging': true } });
}

const done = new Map<StageName, Synthesised>();

/** The templates of a stage. */
export function synthesise(stage: StageName): Synthesised {
  const known = done.get(stage);
  if (known !== undefined) return known;
  const result = describeApp(stage, readTree(ROOT), realApp(stage));
  done.set(stage, result);
  return result;
}

/** What an app would deploy. */
export function describeApp(stage: StageName, tree: Tree, app: App): Synthesised {
  const stacks = app.synth().stacksRecursively;
  const resources: Resource[] = [];
  const outputs: Record<string, unknown> = {};
  for (const stack of stacks) {
    const template = stack.template as {
      Resources?: Record<string, { Type: string; Properties?: Record<string, unknown>; DeletionPolicy?: string }>;
      Outputs?: Record<string, { Value: unknown }>;
    };
    for (const [id, resource] of Object.entries(template.Resources ?? {})) {
      resources.push({
        stack: stack.stackName,
        id,
        type: resource.Type,
        properties: resource.Properties ?? {},
        deletionPolicy: resource.DeletionPolicy,
      });
    }
    for (const [key, value] of Object.entries(template.Outputs ?? {})) outputs[key] = value.Value;
  }
  return {
    stage,
    tree,
    stacks: stacks.map((stack) => stack.stackName),
    resources,
    outputs,
    ofType: (type) => resources.filter((resource) => resource.type === type),
  };
}

/** A tree of its own for a test: path → content, objects as JSON. */
export function writeTree(files: Readonly<Record<string, string | object>>): string {
  const root = scratch();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

interface ValidationReport {
  readonly pluginReports?: readonly {
    readonly violations?: readonly {
      readonly ruleName: string;
      readonly description?: string;
      readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

/** Findings that nobody acknowledged of cdk-nag and of CDK's own validator, as `rule at path`. */
export function findings(app: App): string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const exitCode = process.exitCode;
  try {
    app.synth();
  } catch {
    // A finding makes the synth fail; the report says which.
  }
  process.exitCode = exitCode;
  const file = join(app.outdir, 'validation-report.json');
  const report = JSON.parse(readFileSync(file, 'utf8')) as ValidationReport;
  return (report.pluginReports ?? []).flatMap((plugin) =>
    (plugin.violations ?? []).flatMap((violation) =>
      (violation.violatingConstructs ?? []).map((place) => `${violation.ruleName} at ${place.constructPath ?? '?'}`),
    ),
  );
}

/** The app of a stage over the real tree, not yet synthesised. */
export function realApp(stage: StageName): App {
  const tree = readTree(ROOT);
  const app = newApp();
  buildApp(app, { config: loadConfig(stage, LOCAL_ENVIRONMENT), root: ROOT, lambdaDirectory: stubLambdas(tree) });
  return app;
}

/** The text of every literal and reference below a template value, for searching. */
export function flatten(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
