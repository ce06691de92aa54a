// Fixed physical names: what one stack calls a thing that another stack, the local tooling or an operator
// must find without a reference. Nothing else decides a name.
import { Arn, ArnFormat, type Stack } from 'aws-cdk-lib';
import type { StageName } from './config.ts';

/** `rastup-<stage>-<part>`: the name of every named resource. */
export function physicalName(stage: StageName, part: string): string {
  return `rastup-${stage}-${part}`;
}

/** ARN of a Lambda of this app by its binary name. */
export function functionArn(stack: Stack, stage: StageName, binary: string): string {
  return Arn.format(
    {
      service: 'lambda',
      resource: 'function',
      resourceName: physicalName(stage, binary),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    },
    stack,
  );
}

/** ARN of a state machine of this app by its file name without `.asl.json`. */
export function machineArn(stack: Stack, stage: StageName, machine: string): string {
  return Arn.format(
    {
      service: 'states',
      resource: 'stateMachine',
      resourceName: physicalName(stage, machine),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    },
    stack,
  );
}

/** `confirm_lbg` → `ConfirmLbg`: the part of a logical id or output that names a binary or machine. */
export function pascalCase(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word.length > 0)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
