import { connect, type Socket } from "node:net";

/** What one volley of requests took. */
export interface LoadResult {
  readonly requests: number;
  readonly ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers whose status was not 200. */
  readonly failed: number;
}

/**
 * Sends requests over kept connections, on each the next one when the answer to the last has come. The texts are made
 * beforehand, so that the sender costs as little as can be.
 */
export async function fire(port: number, connections: number, requests: readonly Buffer[]): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latencies = new Float64Array(requests.length);
  let next = 0;
  let done = 0;
  let failed = 0;
  const start = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      const answers = readAnswers(socket);
      while (next < requests.length) {
        const index = next++;
        const sent = performance.now();
        socket.write(requests[index]!);
        if ((await answers()) !== 200) failed += 1;
        latencies[index] = performance.now() - sent;
        done += 1;
      }
    }),
  );
  const ms = performance.now() - start;
  for (const socket of sockets) socket.destroy();
  latencies.sort();
  const at = (part: number) => latencies[Math.min(done - 1, Math.floor(done * part))]!;
  return { requests: done, ms, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

function open(port: number): Promise<Socket> {
  return new Promise((opened, failed) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => opened(socket));
    socket.once("error", failed);
  });
}

/** A function that waits for the next whole answer and gives its status. */
function readAnswers(socket: Socket): () => Promise<number> {
  let held = "";
  let give: ((status: number) => void) | null = null;
  socket.on("data", (chunk) => {
    held += chunk.toString("latin1");
    const head = held.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(held)?.[1] ?? 0);
    if (held.length < head + 4 + length) return;
    const status = Number(held.slice(9, 12));
    held = held.slice(head + 4 + length);
    give?.(status);
  });
  socket.on("close", () => give?.(0));
  return () => new Promise((answered) => (give = answered));
}
