// Calls Lambda functions through the emulator's Invoke API, synchronously.

import { FieldError } from "../errors.js";
import type { LambdaInvoker } from "../model.js";

/** AppSync gives a request 30 seconds. */
const TIMEOUT_MS = 30_000;

export interface EmulatorLogin {
  emulatorUrl: string;
  region: string;
  accessKeyId: string;
}

/** The emulator reads account and region from the credential scope and does not check the signature. */
export function emulatorAuthorization({ region, accessKeyId }: EmulatorLogin, service: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  return (
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${day}/${region}/${service}/aws4_request, ` +
    `SignedHeaders=host, Signature=${"0".repeat(64)}`
  );
}

export function lambdaInvoker(login: EmulatorLogin): LambdaInvoker {
  return {
    async invoke(functionName, payload) {
      let response: Response;
      try {
        response = await fetch(
          `${login.emulatorUrl}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
          {
            method: "POST",
            headers: {
              authorization: emulatorAuthorization(login, "lambda"),
              "content-type": "application/json",
              "x-amz-invocation-type": "RequestResponse",
            },
            body: JSON.stringify(payload),
            signal: AbortSignal.timeout(TIMEOUT_MS),
          },
        );
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === "TimeoutError") {
          throw new FieldError("Execution timed out.", "ExecutionTimeout");
        }
        throw cause;
      }
      const text = await response.text();
      const answer: unknown = text === "" ? null : JSON.parse(text);
      if (!response.ok) {
        const type = response.headers.get("x-amzn-errortype")?.split(":")[0] ?? "AWSLambdaException";
        throw new FieldError(messageOf(answer) ?? "The data source refused the call.", `Lambda:${type}`);
      }
      const functionError = response.headers.get("x-amz-function-error");
      return functionError === null ? { payload: answer } : { payload: answer, functionError };
    },
  };
}

function messageOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { message, Message } = answer as { message?: unknown; Message?: unknown };
  return typeof message === "string" ? message : typeof Message === "string" ? Message : undefined;
}
