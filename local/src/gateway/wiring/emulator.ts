// Asks the emulator what only the deployment knows: physical ids of deployed resources and the API's keys.

import { emulatorAuthorization, type EmulatorLogin } from "../execution/lambda.js";
import type { ApiKey } from "../model.js";
import { readAssembly } from "./assembly.js";
import type { DeployedApi } from "./load.js";

/** Types whose ids the wiring refers to; the others are never asked for. */
const NEEDED = new Set(["AWS::AppSync::GraphQLApi", "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Lambda::Function"]);

/** Reads the deployed stacks of an assembly. Stacks that are not deployed have no ids. */
export async function readDeployment(cdkOut: string, login: EmulatorLogin, accountId: string): Promise<DeployedApi> {
  const ids = new Map<string, string>();
  for (const { name, resources } of readAssembly(cdkOut).stacks) {
    if (!Object.values(resources).some(({ Type }) => NEEDED.has(Type))) continue;
    for (const [logicalId, physicalId] of await stackResources(login, name)) ids.set(`${name}/${logicalId}`, physicalId);
  }
  return {
    region: login.region,
    accountId,
    physicalId: (stackName, logicalId) => ids.get(`${stackName}/${logicalId}`),
    apiKeys: (apiId) => apiKeys(login, apiId),
  };
}

async function stackResources(login: EmulatorLogin, stackName: string): Promise<Array<[string, string]>> {
  const found: Array<[string, string]> = [];
  let nextToken: string | undefined;
  do {
    const query = new URLSearchParams({ Action: "ListStackResources", Version: "2010-05-15", StackName: stackName });
    if (nextToken !== undefined) query.set("NextToken", nextToken);
    const response = await fetch(login.emulatorUrl, {
      method: "POST",
      headers: {
        authorization: emulatorAuthorization(login, "cloudformation"),
        "content-type": "application/x-www-form-urlencoded",
      },
      body: query.toString(),
    });
    const xml = await response.text();
    if (!response.ok) {
      if (xml.includes("does not exist")) return [];
      throw new Error(`the emulator refused to list the resources of ${stackName}: ${response.status}`);
    }
    for (const [, member = ""] of xml.matchAll(/<member>([\s\S]*?)<\/member>/g)) {
      const logicalId = tag(member, "LogicalResourceId");
      const physicalId = tag(member, "PhysicalResourceId");
      if (logicalId && physicalId) found.push([logicalId, physicalId]);
    }
    nextToken = tag(xml, "NextToken");
  } while (nextToken !== undefined);
  return found;
}

function tag(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

async function apiKeys(login: EmulatorLogin, apiId: string): Promise<ApiKey[]> {
  const response = await fetch(`${login.emulatorUrl}/v1/apis/${apiId}/apikeys`, {
    headers: { authorization: emulatorAuthorization(login, "appsync") },
  });
  if (!response.ok) throw new Error(`the emulator refused to list the API's keys: ${response.status}`);
  const { apiKeys: keys = [] } = (await response.json()) as { apiKeys?: ApiKey[] };
  return keys.map(({ id, expires }) => ({ id, expires }));
}
