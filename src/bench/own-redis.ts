import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLink } from "../live/redis/link.ts";
import { parseRedisUrl, type RedisTarget } from "../live/redis/redis-target.ts";

/** Runs with a redis-server and a folder of its own, both gone afterwards; `null` where there is no redis-server. */
export async function withRedis<Result>(
  run: (target: RedisTarget, folder: string) => Promise<Result>,
): Promise<Result | null> {
  const binary = process.env["REDIS_SERVER"] ?? "redis-server";
  if (spawnSync(binary, ["--version"]).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "rehearsal-bench-live-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const server = spawn(binary, args, { stdio: "ignore" });
  try {
    const target = parseRedisUrl(`redis://127.0.0.1:${port}`);
    await reachable(target);
    return await run(target, folder);
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function reachable(target: RedisTarget): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      (await openLink(target, 500)).close();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
