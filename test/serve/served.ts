import { fileURLToPath } from "node:url";
import { openRecording } from "../../src/recording/reader.ts";
import { type LaunchOptions, launch, type ServedSession } from "../../src/serve/launch.ts";

/** The shipped generated recording. */
export const REGIME_FLIP = fileURLToPath(new URL("../../recordings/regime-flip", import.meta.url));
export const KEY = "K".repeat(64);
export const SECRET = "S".repeat(64);
export const OTHER_KEY = "O".repeat(64);

/** The shipped recording on the network, an hour in, at rest until it is told to go on. */
export async function launchStepping(options: Partial<LaunchOptions> = {}): Promise<ServedSession> {
  const recording = options.recording ?? openRecording(REGIME_FLIP);
  return launch({
    recording,
    speed: { kind: "step" },
    keys: [
      { key: KEY, secret: SECRET },
      { key: OTHER_KEY, secret: SECRET },
    ],
    ...options,
    session: { startTsMs: recording.firstTsMs + 3_600_000, ...options.session },
  });
}

/** Lets virtual time pass, as a person would: through the admin endpoint. */
export async function advance(served: ServedSession, ms: number): Promise<void> {
  await fetch(`http://127.0.0.1:${served.server.port}/sim/v1/advance`, {
    method: "POST",
    body: JSON.stringify({ ms }),
  });
}

export async function truth(served: ServedSession): Promise<{ accounts: Record<string, unknown>[] }> {
  const response = await fetch(`http://127.0.0.1:${served.server.port}/sim/v1/truth`);
  return (await response.json()) as { accounts: Record<string, unknown>[] };
}
