// Builds the whole app for one stage: shared stacks from below, one stack per context, then sagas and observability.
import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Tags, type StackProps } from 'aws-cdk-lib';
import type { StageConfig } from './config.ts';
import { readTree } from './manifest.ts';
import { physicalName } from './names.ts';
import type { Shared } from './shared.ts';
import { ApiStack } from './stacks/api.ts';
import { ContextStack } from './stacks/context.ts';
import { DataStack } from './stacks/data.ts';
import { ObservabilityStack } from './stacks/observability.ts';
import { SagasStack } from './stacks/sagas.ts';
import { SecurityStack } from './stacks/security.ts';
import { WorkflowStack } from './stacks/workflow.ts';

/** Bucket the emulator takes function code from; stands for a bootstrap, which would only add roles nobody checks. */
export const LOCAL_ASSETS_BUCKET = 'rastup-local-assets';

export interface BuildOptions {
  readonly config: StageConfig;
  /** Root of the repository. */
  readonly root: string;
  readonly lambdaDirectory: string;
}

export function buildApp(app: App, options: BuildOptions): void {
  const { config, root, lambdaDirectory } = options;
  const tree = readTree(root);
  const name = (part: string) => physicalName(config.stage, part);
  const props = (description: string): StackProps => ({
    description,
    env: { region: config.region, ...(config.account === undefined ? {} : { account: config.account }) },
    terminationProtection: config.stage === 'prod',
    synthesizer:
      config.local === undefined
        ? new DefaultStackSynthesizer()
        : new CliCredentialsStackSynthesizer({ fileAssetsBucketName: LOCAL_ASSETS_BUCKET }),
  });

  const security = new SecurityStack(app, name('security'), config, props('Keys, secrets and sign-in'));
  const data = new DataStack(app, name('data'), config, security, props('Database, buckets and tables'));
  const workflow = new WorkflowStack(app, name('workflow'), config, security, props('Event bus and alarm topic'));
  const api = new ApiStack(app, name('api'), config, security, root, props('GraphQL and webhook APIs'));
  const shared: Shared = {
    config,
    lambdaDirectory,
    database: data.database,
    secrets: security.secrets,
    documents: data.documents,
    receipts: data.receipts,
    rateLimits: data.rateLimits,
    bus: workflow.bus,
    alarmTopic: workflow.alarmTopic,
    ...(data.network === undefined ? {} : { network: data.network }),
    api: api.api,
  };
  const contexts = tree.contexts.map(
    (context) => new ContextStack(app, name(context.name), shared, context, props(`Context ${context.name}`)),
  );
  const sagas = new SagasStack(app, name('sagas'), shared, tree.machines, props('State machines'));
  // Known by name only, so the order has to be said.
  for (const context of contexts) sagas.addStackDependency(context);
  new ObservabilityStack(app, name('observability'), shared, tree, data.cluster, props('Dashboard and alarms'));
  Tags.of(app).add('app', 'rastup');
  Tags.of(app).add('stage', config.stage);
}
