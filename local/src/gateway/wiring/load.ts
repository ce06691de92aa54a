// Finds the AppSync API in the synthesised templates: schema, auth modes and the Lambda behind every field.

import type { ApiKey, AuthProvider, ResolverWiring, Wiring } from "../model.js";
import { readAssembly, type Assembly, type CfnResource, type Stack } from "./assembly.js";
import { Intrinsics, type Deployment } from "./intrinsics.js";

interface Located {
  stack: Stack;
  logicalId: string;
  properties: Record<string, unknown>;
}

/** A deployment that also knows the API's keys. */
export interface DeployedApi extends Deployment {
  apiKeys(apiId: string): Promise<ApiKey[]>;
}

/** Throws when the templates hold no API of the stage, or hold something the gateway cannot honour. */
export async function loadWiring(cdkOut: string, deployment: DeployedApi, stage: string): Promise<Wiring> {
  const assembly = readAssembly(cdkOut);
  const values = new Intrinsics(assembly, deployment);
  const api = theApi(assembly, values, stage);
  const ofApi = (type: string): Located[] =>
    located(assembly, type).filter(({ stack, properties }) => sameApi(values, api, properties["ApiId"], stack));
  const sources = new Map(ofApi("AWS::AppSync::DataSource").map((source) => [nameOf(values, source), source]));
  const resolvers = new Map<string, ResolverWiring>();
  for (const resolver of ofApi("AWS::AppSync::Resolver")) {
    const wired = resolverWiring(assembly, values, sources, resolver);
    if (wired) resolvers.set(`${wired.typeName}.${wired.fieldName}`, wired);
  }
  const physical = deployment.physicalId(api.stack.name, api.logicalId);
  const apiId = physical?.slice(physical.lastIndexOf("/") + 1);
  const { properties, stack } = api;
  const additional = (properties["AdditionalAuthenticationProviders"] ?? []) as Array<Record<string, unknown>>;
  return {
    apiName: nameOf(values, api),
    apiId,
    sdl: schemaText(assembly, values, ofApi("AWS::AppSync::GraphQLSchema")),
    defaultProvider: provider(values, properties, stack, deployment),
    additionalProviders: additional.map((extra) => provider(values, extra, stack, deployment)),
    apiKeys: apiId === undefined ? [] : await deployment.apiKeys(apiId),
    introspection: properties["IntrospectionConfig"] !== "DISABLED",
    queryDepthLimit: Number(properties["QueryDepthLimit"] ?? 0),
    resolverCountLimit: Number(properties["ResolverCountLimit"] ?? 0),
    resolvers,
  };
}

function theApi(assembly: Assembly, values: Intrinsics, stage: string): Located {
  const all = located(assembly, "AWS::AppSync::GraphQLApi");
  const ofStage = all.length > 1 ? all.filter((api) => nameOf(values, api).includes(stage)) : all;
  const [api, ...others] = ofStage;
  if (!api || others.length > 0) throw new Error(`expected one AppSync API of stage ${stage}, found ${ofStage.length}`);
  return api;
}

function located(assembly: Assembly, type: string): Located[] {
  return assembly.stacks.flatMap((stack) =>
    Object.entries(stack.resources)
      .filter(([, resource]: [string, CfnResource]) => resource.Type === type)
      .map(([logicalId, resource]) => ({ stack, logicalId, properties: resource.Properties ?? {} })),
  );
}

function nameOf(values: Intrinsics, { stack, properties }: Located): string {
  return values.text(properties["Name"], stack);
}

/** Within a stack the API is known by its logical id, so that reading needs no deployment. */
function sameApi(values: Intrinsics, api: Located, apiId: unknown, stack: Stack): boolean {
  if (stack === api.stack) {
    const getAtt = (apiId as { "Fn::GetAtt"?: string[] } | undefined)?.["Fn::GetAtt"];
    if (getAtt) return getAtt[0] === api.logicalId;
  }
  const own = values.text({ "Fn::GetAtt": [api.logicalId, "ApiId"] }, api.stack);
  return values.text(apiId, stack) === own;
}

function schemaText(assembly: Assembly, values: Intrinsics, [schema, ...others]: Located[]): string {
  if (!schema || others.length > 0) throw new Error("expected one GraphQLSchema for the API");
  const { properties, stack } = schema;
  if (properties["Definition"] !== undefined) return values.text(properties["Definition"], stack);
  return assembly.assetText(values.text(properties["DefinitionS3Location"], stack));
}

/** Undefined for a resolver without a Lambda behind it (a NONE data source), which passes nothing on. */
function resolverWiring(
  assembly: Assembly,
  values: Intrinsics,
  sources: ReadonlyMap<string, Located>,
  { stack, properties }: Located,
): ResolverWiring | undefined {
  const typeName = values.text(properties["TypeName"], stack);
  const fieldName = values.text(properties["FieldName"], stack);
  const field = `${typeName}.${fieldName}`;
  if (properties["Kind"] === "PIPELINE" || properties["DataSourceName"] === undefined) {
    throw new Error(`${field} has a pipeline resolver; the gateway runs unit resolvers`);
  }
  const sourceName = dataSourceName(values, sources, properties["DataSourceName"], stack);
  const source = sources.get(sourceName);
  if (!source) throw new Error(`${field} uses the unknown data source ${sourceName}`);
  if (source.properties["Type"] !== "AWS_LAMBDA") {
    throw new Error(`${field} uses a ${String(source.properties["Type"])} data source; the gateway invokes Lambdas`);
  }
  const lambda = source.properties["LambdaConfig"] as { LambdaFunctionArn?: unknown } | undefined;
  const location = properties["CodeS3Location"];
  const code =
    properties["Code"] !== undefined
      ? values.text(properties["Code"], stack)
      : location !== undefined
        ? assembly.assetText(values.text(location, stack))
        : undefined;
  return {
    typeName,
    fieldName,
    functionName: functionName(values.text(lambda?.LambdaFunctionArn, source.stack)),
    maxBatchSize: Number(properties["MaxBatchSize"] ?? 0),
    ...(code === undefined ? {} : { code }),
  };
}

/** `Fn::GetAtt [source, Name]` is how CDK names a data source. */
function dataSourceName(
  values: Intrinsics,
  sources: ReadonlyMap<string, Located>,
  value: unknown,
  stack: Stack,
): string {
  const getAtt = (value as { "Fn::GetAtt"?: string[] } | null)?.["Fn::GetAtt"];
  if (!getAtt) return values.text(value, stack);
  for (const [name, source] of sources) {
    if (source.stack === stack && source.logicalId === getAtt[0]) return name;
  }
  throw new Error(`unknown data source ${getAtt[0]} in stack ${stack.name}`);
}

/** Name in a function's ARN, version and alias left out. */
function functionName(arn: string): string {
  const name = /(?:^|:function:)([A-Za-z0-9-_]+)(?::[^:]+)?$/.exec(arn)?.[1];
  if (!name) throw new Error("a data source names no Lambda function");
  return name;
}

function provider(
  values: Intrinsics,
  properties: Record<string, unknown>,
  stack: Stack,
  deployment: Deployment,
): AuthProvider {
  const mode = String(properties["AuthenticationType"]);
  const optional = (value: unknown): string | undefined => (value === undefined ? undefined : values.text(value, stack));
  switch (mode) {
    case "API_KEY":
    case "AWS_IAM":
      return { mode };
    case "AMAZON_COGNITO_USER_POOLS": {
      const config = (properties["UserPoolConfig"] ?? {}) as Record<string, unknown>;
      const appIdClientRegex = optional(config["AppIdClientRegex"]);
      return {
        mode,
        userPoolId: values.text(config["UserPoolId"], stack),
        region: optional(config["AwsRegion"]) ?? deployment.region,
        defaultAction: config["DefaultAction"] === "DENY" ? "DENY" : "ALLOW",
        ...(appIdClientRegex === undefined ? {} : { appIdClientRegex }),
      };
    }
    case "OPENID_CONNECT": {
      const config = (properties["OpenIDConnectConfig"] ?? {}) as Record<string, unknown>;
      const clientIdRegex = optional(config["ClientId"]);
      return { mode, issuer: values.text(config["Issuer"], stack), ...(clientIdRegex === undefined ? {} : { clientIdRegex }) };
    }
    default:
      throw new Error(`auth mode ${mode} is not understood`);
  }
}
