// The only way to accept a finding of cdk-nag: by exact id and with a reason.
import { Validations, type Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

const SHORTEST_REASON = 25;

/** Accepts findings on `construct` and below it. `reasons` maps a finding's id to why it is right here. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    if (reason.trim().length < SHORTEST_REASON) {
      throw new Error(`the acknowledgement of ${id} on ${construct.node.path} needs a real reason`);
    }
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/** How cdk-nag writes a value inside a finding's id: joined, each reference as `<LogicalId>`. */
export function findingText(stack: Stack, value: string): string {
  const render = (part: unknown): string => {
    if (typeof part === 'string') return part;
    const [key, argument] = Object.entries(part as Record<string, unknown>)[0] ?? ['', ''];
    if (key === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(render).join(separator);
    }
    return `<${String(argument)}>`;
  };
  return render(stack.resolve(value));
}
