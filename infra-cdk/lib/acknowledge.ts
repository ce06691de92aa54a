// The only way to accept a finding of cdk-nag: by exact id and with a reason.
import { Validations } from 'aws-cdk-lib';
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
