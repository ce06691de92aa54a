// Decides whether a verified caller may read a field. Credentials are verified elsewhere.

import type { Caller } from "../model.js";
import type { AccessRule } from "../schema/build.js";

export function mayAccess(caller: Caller, rules: readonly AccessRule[]): boolean {
  return rules.some((rule) => {
    if (rule.mode !== caller.mode) return false;
    return rule.groups === undefined || rule.groups.some((group) => caller.groups.includes(group));
  });
}
