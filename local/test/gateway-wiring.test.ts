// The gateway wired by templates and an emulator: what it reads, what it asks for, and what it refuses to guess.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { startGateway, type Gateway } from "../src/gateway/index.js";
import { silentLog } from "../src/gateway/log.js";
import { loadWiring, type DeployedApi } from "../src/gateway/wiring/load.js";
import { INVOKE_CODE, post } from "./gateway-support.js";

const SDL = "type Query { studio(slug: String!): Studio @aws_api_key @aws_cognito_user_pools }\ntype Studio @aws_api_key @aws_cognito_user_pools { slug: String }";

type Template = Record<string, unknown>;

const SECURITY: Template = {
  Resources: { Pool: { Type: "AWS::Cognito::UserPool" } },
  Outputs: { PoolId: { Value: { Ref: "Pool" } } },
};

const API: Template = {
  Resources: {
    Api: {
      Type: "AWS::AppSync::GraphQLApi",
      Properties: {
        Name: "rastup-local-api",
        AuthenticationType: "AMAZON_COGNITO_USER_POOLS",
        UserPoolConfig: {
          UserPoolId: { "Fn::GetStackOutput": { StackName: "rastup-local-security", OutputName: "PoolId" } },
          AwsRegion: { Ref: "AWS::Region" },
          DefaultAction: "DENY",
          AppIdClientRegex: "web-.*",
        },
        AdditionalAuthenticationProviders: [
          { AuthenticationType: "API_KEY" },
          { AuthenticationType: "OPENID_CONNECT", OpenIDConnectConfig: { Issuer: "https://staff.example.test", ClientId: "admin" } },
        ],
        IntrospectionConfig: "DISABLED",
        QueryDepthLimit: 5,
        ResolverCountLimit: 50,
      },
    },
    Schema: {
      Type: "AWS::AppSync::GraphQLSchema",
      Properties: {
        ApiId: { "Fn::GetAtt": ["Api", "ApiId"] },
        DefinitionS3Location: { "Fn::Sub": "s3://assets-${AWS::AccountId}-${AWS::Region}/5c4e3a.graphql" },
      },
    },
  },
  Outputs: { ApiId: { Value: { "Fn::GetAtt": ["Api", "ApiId"] }, Export: { Name: "shared:ApiId" } } },
};

const STUDIOS: Template = {
  Resources: {
    Resolve: { Type: "AWS::Lambda::Function", Properties: { FunctionName: "rastup-local-studios_resolver" } },
    Source: {
      Type: "AWS::AppSync::DataSource",
      Properties: {
        ApiId: { "Fn::ImportValue": "shared:ApiId" },
        Name: "studios_resolver",
        Type: "AWS_LAMBDA",
        LambdaConfig: { LambdaFunctionArn: { "Fn::GetAtt": ["Resolve", "Arn"] } },
      },
    },
    QueryStudio: {
      Type: "AWS::AppSync::Resolver",
      Properties: {
        ApiId: { "Fn::ImportValue": "shared:ApiId" },
        TypeName: "Query",
        FieldName: "studio",
        Kind: "UNIT",
        DataSourceName: { "Fn::GetAtt": ["Source", "Name"] },
        Code: INVOKE_CODE,
        MaxBatchSize: 0,
      },
    },
  },
};

const directories: string[] = [];

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "rastup-wiring-"));
  directories.push(directory);
  return directory;
}

after(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

/** Writes an assembly the way the CDK CLI leaves one. */
function assembly(templates: Record<string, Template>): string {
  const directory = temporaryDirectory();
  const artifacts: Record<string, unknown> = {};
  for (const [name, template] of Object.entries(templates)) {
    const templateFile = `${name}.template.json`;
    writeFileSync(join(directory, templateFile), JSON.stringify(template));
    artifacts[`artifact-${name}`] = { type: "aws:cloudformation:stack", properties: { templateFile, stackName: `rastup-local-${name}` } };
  }
  writeFileSync(join(directory, "manifest.json"), JSON.stringify({ artifacts }));
  writeFileSync(join(directory, "api.assets.json"), JSON.stringify({ files: { "5c4e3a": { source: { path: "asset.5c4e3a.graphql" } } } }));
  writeFileSync(join(directory, "asset.5c4e3a.graphql"), SDL);
  return directory;
}

const IDS: Record<string, string> = {
  "rastup-local-security/Pool": "us-east-1_Abc",
  "rastup-local-api/Api": "arn:aws:appsync:us-east-1:000000000000:apis/api1",
};

const deployment: DeployedApi = {
  region: "us-east-1",
  accountId: "000000000000",
  physicalId: (stack, id) => IDS[`${stack}/${id}`],
  apiKeys: async (apiId) => [{ id: `key-of-${apiId}`, expires: 1 }],
};

function changed(template: Template, resource: string, properties: Record<string, unknown>): Template {
  const copy = structuredClone(template) as { Resources: Record<string, { Properties: Record<string, unknown> }> };
  Object.assign(copy.Resources[resource]?.Properties ?? {}, properties);
  return copy;
}

describe("wiring from templates", () => {
  it("is_read_across_stacks_from_templates_and_deployed_ids", async () => {
    const { resolvers, ...wiring } = await loadWiring(assembly({ security: SECURITY, api: API, studios: STUDIOS }), deployment, "local");
    assert.deepEqual(wiring, {
      apiName: "rastup-local-api",
      apiId: "api1",
      sdl: SDL,
      defaultProvider: {
        mode: "AMAZON_COGNITO_USER_POOLS",
        userPoolId: "us-east-1_Abc",
        region: "us-east-1",
        defaultAction: "DENY",
        appIdClientRegex: "web-.*",
      },
      additionalProviders: [{ mode: "API_KEY" }, { mode: "OPENID_CONNECT", issuer: "https://staff.example.test", clientIdRegex: "admin" }],
      apiKeys: [{ id: "key-of-api1", expires: 1 }],
      introspection: false,
      queryDepthLimit: 5,
      resolverCountLimit: 50,
    });
    assert.deepEqual([...resolvers.values()], [
      { typeName: "Query", fieldName: "studio", functionName: "rastup-local-studios_resolver", code: INVOKE_CODE, maxBatchSize: 0 },
    ]);
  });

  it("function_names_are_taken_from_any_form_of_arn", async () => {
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:rastup-local-x";
    const forms: unknown[] = [arn, `${arn}:live`, { "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, ":lambda:us-east-1:0:function:", "rastup-local-x"]] }];
    for (const LambdaFunctionArn of forms) {
      const studios = changed(STUDIOS, "Source", { LambdaConfig: { LambdaFunctionArn } });
      const { resolvers } = await loadWiring(assembly({ security: SECURITY, api: API, studios }), deployment, "local");
      assert.equal(resolvers.get("Query.studio")?.functionName, "rastup-local-x");
    }
  });

  it("what_it_cannot_honour_is_refused_at_start", async () => {
    const cases: Array<[Record<string, Template>, RegExp]> = [
      [{ security: SECURITY, studios: STUDIOS }, /expected one AppSync API/],
      [{ security: SECURITY, api: API, studios: changed(STUDIOS, "QueryStudio", { Kind: "PIPELINE" }) }, /Query.studio has a pipeline resolver/],
      [{ security: SECURITY, api: API, studios: changed(STUDIOS, "QueryStudio", { DataSourceName: "nobody" }) }, /unknown data source nobody/],
      [{ security: SECURITY, api: API, studios: changed(STUDIOS, "Source", { Type: "AMAZON_DYNAMODB" }) }, /AMAZON_DYNAMODB data source/],
      [{ security: SECURITY, api: changed(API, "Api", { AuthenticationType: "AWS_LAMBDA" }), studios: STUDIOS }, /auth mode AWS_LAMBDA/],
    ];
    for (const [templates, message] of cases) {
      await assert.rejects(loadWiring(assembly(templates), deployment, "local"), message);
    }
    const nowhere: DeployedApi = { ...deployment, physicalId: () => undefined };
    await assert.rejects(loadWiring(assembly({ security: SECURITY, api: API, studios: STUDIOS }), nowhere, "local"), /is not deployed/);
    await assert.rejects(loadWiring(temporaryDirectory(), deployment, "local"), /synthesise the CDK app first/);
  });
});

describe("gateway on an emulator", () => {
  let emulator: Server;
  let gateway: Gateway;
  let token: string;
  const seen: string[] = [];

  before(async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "pool", alg: "RS256", use: "sig" };
    token = await new SignJWT({ sub: "s", token_use: "id", aud: "web-1", "cognito:username": "ada" })
      .setProtectedHeader({ alg: "RS256", kid: "pool" })
      .setIssuer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc")
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(privateKey);
    emulator = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const service = /\/us-east-1\/(\w+)\/aws4_request/.exec(request.headers.authorization ?? "")?.[1];
        const action = new URLSearchParams(body);
        seen.push(`${service ?? "-"} ${request.method} ${request.url}`);
        if (request.url === "/us-east-1_Abc/.well-known/jwks.json") return response.end(JSON.stringify({ keys: [jwk] }));
        if (request.url === "/v1/apis/api1/apikeys") {
          return response.end(JSON.stringify({ apiKeys: [{ id: "da2-live", expires: Date.now() }] }));
        }
        if (request.url === "/2015-03-31/functions/rastup-local-studios_resolver/invocations") {
          const { slug } = (JSON.parse(body) as { arguments: { slug: string } }).arguments;
          if (slug === "broken") {
            response.setHeader("x-amz-function-error", "Unhandled");
            return response.end(JSON.stringify({ errorType: "panic", errorMessage: "secret" }));
          }
          if (slug === "missing") {
            return response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" }).end(JSON.stringify({ Message: "Function not found" }));
          }
          return response.end(JSON.stringify({ data: { slug } }));
        }
        // Two pages, so that the second is asked for.
        const stack = action.get("StackName") ?? "";
        const page = action.get("NextToken") === null;
        const members = Object.entries(IDS)
          .filter(([key], index) => key.startsWith(`${stack}/`) && (page ? index === 0 : index === 1))
          .map(([key, id]) => `<member><PhysicalResourceId>${id}</PhysicalResourceId><LogicalResourceId>${key.split("/")[1]}</LogicalResourceId></member>`);
        if (stack === "rastup-local-studios") return response.writeHead(400).end(`<Message>Stack ${stack} does not exist</Message>`);
        return response.end(`<R><StackResourceSummaries>${members.join("")}</StackResourceSummaries>${page ? "<NextToken>2</NextToken>" : ""}</R>`);
      });
    });
    await new Promise<void>((resolve) => emulator.listen(0, "127.0.0.1", resolve));
    gateway = await startGateway({
      emulatorUrl: `http://127.0.0.1:${(emulator.address() as AddressInfo).port}`,
      cdkOut: assembly({ security: SECURITY, api: API, studios: STUDIOS }),
      stateDir: temporaryDirectory(),
      tlsPort: 0,
      httpPort: 0,
      stage: "local",
      log: silentLog,
    });
  });
  after(async () => {
    await gateway.close();
    emulator.close();
  });

  it("a_token_of_the_deployed_pool_and_a_deployed_api_key_reach_the_deployed_function", async () => {
    const credentials: Array<Record<string, string>> = [{ authorization: token }, { "x-api-key": "da2-live" }];
    for (const headers of credentials) {
      const { body } = await post(gateway, headers, '{ studio(slug: "loft") { slug } }');
      assert.deepEqual(body, { data: { studio: { slug: "loft" } } });
    }
    assert.ok(seen.includes("lambda POST /2015-03-31/functions/rastup-local-studios_resolver/invocations"));
    assert.ok(seen.includes("cloudformation POST /"));
  });

  it("the_failure_of_a_function_is_told_in_neutral_words", async () => {
    const broken = await post(gateway, { authorization: token }, '{ studio(slug: "broken") { slug } }');
    assert.equal(broken.body.errors?.[0]?.["errorType"], "INTERNAL");
    assert.doesNotMatch(JSON.stringify(broken.body), /secret/);
    const missing = await post(gateway, { authorization: token }, '{ studio(slug: "missing") { slug } }');
    assert.equal(missing.body.errors?.[0]?.["errorType"], "Lambda:ResourceNotFoundException");
  });

  it("the_page_to_try_the_api_by_hand_asks_for_nothing_from_elsewhere", async () => {
    const page = await (await fetch(gateway.httpUrl.replace("/graphql", "/graphiql"))).text();
    assert.match(page, /RastUp GraphiQL/);
    assert.doesNotMatch(page, /(?:src|href)="https?:/);
  });
});
