// The backend's part of a client test: publishes checkout events with IAM credentials, as the status worker does.

import { Amplify } from "aws-amplify";
import { generateClient } from "aws-amplify/api";
import { PUBLISH, type ClientTarget } from "./target.js";

/** Signs with Amplify: AppSync's own link for Apollo cannot sign in Node's ES modules ("Sha256 is not a constructor"). */
export function backend(target: ClientTarget): (event: object) => Promise<unknown> {
  Amplify.configure(
    { API: { GraphQL: { endpoint: target.url, region: target.region, defaultAuthMode: "iam" } } },
    {
      Auth: {
        credentialsProvider: {
          getCredentialsAndIdentityId: async () => ({ credentials: target.iam }),
          clearCredentialsAndIdentityId: () => undefined,
        },
      },
    },
  );
  const client = generateClient() as unknown as { graphql(options: object): Promise<unknown> };
  return (event) => client.graphql({ query: PUBLISH, variables: { event } });
}
