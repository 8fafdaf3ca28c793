import { EXIT } from "../../diagnostics/user-error.ts";
import type { Operator } from "../../live/ports.ts";
import { createSignalOperator } from "../../live/safety/signal-operator.ts";
import type { LiveSession } from "../../live/session/live-session.ts";

/** SIGUSR2 sets the kill switch; the signals that end a session are `catchSignals`'. */
export function signalOperator(): Operator {
  return createSignalOperator({
    source: {
      on: (signal, listener) => signal === "SIGUSR2" && process.on(signal, listener),
      off: (signal, listener) => signal === "SIGUSR2" && process.off(signal, listener),
    },
  });
}

export type SignalCause = typeof EXIT.interrupted | typeof EXIT.terminated;

/**
 * Ctrl-C once: no new entries, exits keep working. Twice: own orders are cancelled, positions stay, exit 130. A third
 * leaves at once, as a crash would: `live --resume` goes on. SIGTERM suspends: a service manager that restarts us
 * loses no intent.
 */
export function catchSignals(
  session: LiveSession,
  note: (text: string) => void,
): { causes(): readonly SignalCause[]; release(): void } {
  let interrupts = 0;
  const causes = new Set<SignalCause>();
  const onInterrupt = () => {
    interrupts += 1;
    if (interrupts === 1) note("no new entries, exits keep working; Ctrl-C again cancels own orders and leaves");
    if (interrupts === 2) note("cancelling own orders, leaving positions; Ctrl-C again leaves at once");
    if (interrupts > 2) process.exit(EXIT.interrupted);
    causes.add(EXIT.interrupted);
    session.stop();
  };
  const onTerminate = () => {
    causes.add(EXIT.terminated);
    void session.suspend();
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    causes: () => [...causes],
    release: () => {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
    },
  };
}
