// Works out CloudFormation's intrinsic functions over an assembly. Physical ids come from the deployment.

import type { Assembly, CfnResource, Stack } from "./assembly.js";

/** What only the deployment knows. */
export interface Deployment {
  region: string;
  accountId: string;
  /** Physical id of a deployed resource. */
  physicalId(stackName: string, logicalId: string): string | undefined;
}

/** Properties by which a resource that names itself is known before it is deployed. */
const NAME_PROPERTY: Record<string, string> = { "AWS::Lambda::Function": "FunctionName" };

export class Intrinsics {
  constructor(
    private readonly assembly: Assembly,
    private readonly deployment: Deployment,
  ) {}

  /** Text of a value in a stack; throws when it depends on something unknown. */
  text(value: unknown, stack: Stack): string {
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value === "object" && value !== null) {
      const [entry] = Object.entries(value as Record<string, unknown>);
      if (entry) return this.apply(entry[0], entry[1], stack);
    }
    throw new Error(`cannot read ${JSON.stringify(value)} of stack ${stack.name} as text`);
  }

  private apply(name: string, argument: unknown, stack: Stack): string {
    switch (name) {
      case "Ref":
        return this.ref(String(argument), stack);
      case "Fn::GetAtt": {
        const [logicalId = "", attribute = ""] = Array.isArray(argument) ? argument.map(String) : String(argument).split(".");
        return this.attribute(logicalId, attribute, stack);
      }
      case "Fn::Join": {
        const [separator, parts] = argument as [string, unknown[]];
        return parts.map((part) => this.text(part, stack)).join(separator);
      }
      case "Fn::Sub": {
        const [template, values] = Array.isArray(argument)
          ? (argument as [string, Record<string, unknown>])
          : [String(argument), {}];
        return template.replace(/\$\{([^!}]+)\}/g, (_, key: string) => {
          if (key in values) return this.text(values[key], stack);
          return key.includes(".") ? this.apply("Fn::GetAtt", key, stack) : this.ref(key, stack);
        });
      }
      case "Fn::ImportValue":
        return this.exported(this.text(argument, stack));
      case "Fn::GetStackOutput": {
        const { StackName, OutputName } = argument as { StackName: unknown; OutputName: unknown };
        return this.output(this.text(StackName, stack), this.text(OutputName, stack));
      }
      default:
        throw new Error(`${name} is not understood (stack ${stack.name})`);
    }
  }

  private ref(name: string, stack: Stack): string {
    const pseudo: Record<string, string> = {
      "AWS::Region": this.deployment.region,
      "AWS::AccountId": this.deployment.accountId,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": stack.name,
    };
    const known = pseudo[name] ?? stack.parameters[name]?.Default;
    if (known !== undefined) return String(known);
    const resource = stack.resources[name];
    const nameProperty = resource && NAME_PROPERTY[resource.Type];
    const ownName = nameProperty && resource.Properties?.[nameProperty];
    if (ownName !== undefined && ownName !== "") return this.text(ownName, stack);
    return this.deployed(stack, name, resource);
  }

  private attribute(logicalId: string, attribute: string, stack: Stack): string {
    const resource = stack.resources[logicalId];
    const { region, accountId } = this.deployment;
    if (resource?.Type === "AWS::Lambda::Function" && attribute === "Arn") {
      return `arn:aws:lambda:${region}:${accountId}:function:${this.ref(logicalId, stack)}`;
    }
    const physical = this.deployed(stack, logicalId, resource);
    if (resource?.Type === "AWS::Cognito::UserPool" && attribute === "Arn") {
      return `arn:aws:cognito-idp:${region}:${accountId}:userpool/${physical}`;
    }
    if (attribute === "ApiId") return physical.slice(physical.lastIndexOf("/") + 1);
    throw new Error(`attribute ${attribute} of ${resource?.Type ?? "an unknown resource"} ${logicalId} is not understood`);
  }

  private deployed(stack: Stack, logicalId: string, resource: CfnResource | undefined): string {
    const physical = this.deployment.physicalId(stack.name, logicalId);
    if (physical === undefined) {
      throw new Error(`${resource?.Type ?? "resource"} ${logicalId} of stack ${stack.name} is not deployed`);
    }
    return physical;
  }

  private exported(name: string): string {
    for (const stack of this.assembly.stacks) {
      for (const { exportName, value } of Object.values(stack.outputs)) {
        if (exportName !== undefined && this.text(exportName, stack) === name) return this.text(value, stack);
      }
    }
    throw new Error(`no stack exports ${name}`);
  }

  private output(stackName: string, outputName: string): string {
    const stack = this.assembly.stacks.find(({ name }) => name === stackName);
    const output = stack?.outputs[outputName];
    if (!stack || !output) throw new Error(`stack ${stackName} has no output ${outputName}`);
    return this.text(output.value, stack);
  }
}
