import type { Operator, OperatorListener } from "../ports.ts";

export type StopSignal = "SIGINT" | "SIGTERM";

/** Of `process`, as far as signals go. */
export interface SignalSource {
  on(signal: StopSignal | "SIGUSR2", listener: (signal: string) => void): unknown;
  off(signal: StopSignal | "SIGUSR2", listener: (signal: string) => void): unknown;
}

export interface SignalOperatorOptions {
  /** `process` when absent. */
  readonly source?: SignalSource;
  /** The third and every further SIGINT or SIGTERM: whoever asks so often does not want to wait for answers. */
  atOnce?(signal: StopSignal): void;
}

export interface SignalOperator extends Operator {
  /** The first signal that asked for the end: 130 is the exit code after SIGINT, 143 after SIGTERM. */
  readonly stoppedBy: StopSignal | null;
}

/**
 * Signals of a terminal or a service manager. SIGUSR2 sets the kill switch to `entries` (a file or a key takes it back).
 * The first SIGINT or SIGTERM drains: no new entries, exits keep working. The second cancels own open orders and leaves
 * positions as they are. The third calls `atOnce`.
 */
export function createSignalOperator({ source = process, atOnce }: SignalOperatorOptions = {}): SignalOperator {
  let listener: OperatorListener | null = null;
  let stoppedBy: StopSignal | null = null;
  let stops = 0;

  const onKill = () => listener?.killSwitch("entries", "signal SIGUSR2");
  const stopBy = (signal: StopSignal) => () => {
    stoppedBy ??= signal;
    stops += 1;
    if (stops > 2) atOnce?.(signal);
    else listener?.stop();
  };
  const handlers = [
    ["SIGUSR2", onKill],
    ["SIGINT", stopBy("SIGINT")],
    ["SIGTERM", stopBy("SIGTERM")],
  ] as const;

  return {
    get stoppedBy() {
      return stoppedBy;
    },
    async start(to) {
      if (listener === null) for (const [signal, handler] of handlers) source.on(signal, handler);
      listener = to;
    },
    async close() {
      listener = null;
      for (const [signal, handler] of handlers) source.off(signal, handler);
    },
  };
}
