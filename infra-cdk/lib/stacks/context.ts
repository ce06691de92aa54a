// One bounded context: its Lambdas with the triggers their manifest names. The same code builds every context.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { QueueWorker } from '../constructs/queue-worker.ts';
import { RustFunction } from '../constructs/rust-function.ts';
import { resolveFields, routeHttp, scheduleJobs } from '../constructs/triggers.ts';
import type { ContextSpec } from '../manifest.ts';
import { output } from '../outputs.ts';
import type { Shared } from '../shared.ts';

export class ContextStack extends Stack {
  readonly functions: readonly RustFunction[];

  constructor(scope: Construct, id: string, shared: Shared, spec: ContextSpec, props: StackProps) {
    super(scope, id, props);
    this.functions = spec.lambdas.map((lambda) =>
      lambda.kind === 'worker'
        ? new QueueWorker(this, shared, lambda).worker
        : new RustFunction(this, { shared, spec: lambda }),
    );
    const ofKind = (kind: string) => this.functions.filter((target) => target.spec.kind === kind);
    resolveFields(this, shared, ofKind('resolver'));
    scheduleJobs(this, shared, ofKind('job'));
    for (const target of [...ofKind('webhook'), ...ofKind('page')]) routeHttp(shared, target);
    for (const target of this.functions.filter((candidate) => candidate.spec.deployer)) {
      if (target.spec.name === 'migrate_job') output(this, 'MigrateFunctionName', target.function.functionName);
    }
  }
}
