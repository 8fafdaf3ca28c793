import type { KillSwitchSet } from "../../engine/domain/event.ts";
import type { Operator, OperatorListener } from "../ports.ts";

type Scope = KillSwitchSet["scope"];

const STRICTNESS: Readonly<Record<Scope, number>> = { off: 0, entries: 1, all: 2 };

/**
 * Several hands on one session. The strictest of what they have set holds, so taking a file away does not undo what a
 * Redis key says; and once one of them has asked for the end, no `off` opens the way for new entries again.
 */
export function joinOperators(operators: readonly Operator[]): Operator {
  return {
    async start(listener) {
      const hands = operators.map((): Scope => "off");
      let isStopping = false;
      let told: Scope | null = null;

      function tell(source: string): void {
        let scope: Scope = isStopping ? "entries" : "off";
        for (const each of hands) if (STRICTNESS[each] > STRICTNESS[scope]) scope = each;
        if (scope === told) return;
        told = scope;
        listener.killSwitch(scope, source);
      }

      const listeners = operators.map(
        (_, index): OperatorListener => ({
          killSwitch(scope, source) {
            hands[index] = scope;
            tell(source);
          },
          stop() {
            listener.stop();
            if (isStopping) return;
            isStopping = true;
            // The end sets `entries` by itself, also over a stricter one, which has to hold on.
            told = "entries";
            tell("still set");
          },
        }),
      );
      for (const [index, operator] of operators.entries()) await operator.start(listeners[index]!);
    },
    async close() {
      await Promise.all(operators.map((operator) => operator.close()));
    },
  };
}
