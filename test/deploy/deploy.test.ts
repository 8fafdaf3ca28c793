import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { registerLiveDoctor } from "../../src/cli/live/commands/doctor.ts";
import { createLiveProgram } from "../../src/cli/live/program.ts";
import { KEY_NAME, SECRET_NAME } from "../../src/live/safety/keys.ts";
import { openFileJournal } from "../../src/live/session/file-journal.ts";
import { openSessionFolder } from "../../src/live/session/session-folder.ts";
import { ensureBuilt } from "../built-cli.ts";
import { entry, metricsAt } from "../live/ops/ops-world.ts";
import { HEADER, removeFolders, START_MS, temporaryFolder } from "../live/session/session-world.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const unit = read("deploy/rehearsal-live.service");
const container = read("deploy/Containerfile");
const start = read("deploy/start-live.sh");
const readme = read("deploy/README.md");

afterAll(removeFolders);

function directivesOf(text: string): [string, string][] {
  return [...text.matchAll(/^([A-Za-z]+)=(.*)$/gm)].map((match) => [match[1]!, match[2]!]);
}

describe("the systemd unit", () => {
  const directives = directivesOf(unit);
  const of = (name: string) => directives.filter(([each]) => each === name).map(([, value]) => value);
  const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

  test("starts a script of this package that is there and may be run", () => {
    const [program] = of("ExecStart")[0]!.split(" ");
    expect(program).toMatch(/^\/opt\/rehearsal\//);
    const file = join(root, program!.slice("/opt/rehearsal/".length));
    expect(statSync(file).mode & 0o111).toBe(0o111);
    for (const documented of of("Documentation")) {
      expect(existsSync(join(root, documented.replace("file:/opt/rehearsal/", "")))).toBe(true);
    }
  });

  test("stops by the signal that suspends, takes its exit code for success, and restarts no refusal", () => {
    expect(of("KillSignal")).toEqual(["SIGTERM"]);
    expect(of("SuccessExitStatus")).toEqual(["143"]);
    expect(of("Restart")).toEqual(["on-failure"]);
    expect(of("RestartPreventExitStatus")).toEqual(["2 11 14 15"]);
  });

  test("may write its state folder only, and lets Node compile", () => {
    const [out] = of("Environment").filter((each) => each.startsWith("LIVE_OUT="));
    expect(out).toBe(`LIVE_OUT=/var/lib/${of("StateDirectory")[0]}`);
    expect(of("ProtectSystem")).toEqual(["strict"]);
    expect(of("DynamicUser")).toEqual(["yes"]);
    expect(of("CapabilityBoundingSet")).toEqual([""]);
    expect(of("MemoryDenyWriteExecute")).toEqual([]);
    expect(of("ExecStart")[0]).toContain("--kill-file /var/lib/rehearsal/");
  });

  test("names the keys as the program reads them, and holds none", () => {
    for (const name of [KEY_NAME, SECRET_NAME]) {
      expect(unit).toContain(name);
      expect(readme).toContain(`${name}=...`);
    }
    for (const text of [unit, container]) expect(text).not.toMatch(/(?:KEY|SECRET)=[A-Za-z0-9]/);
  });

  test.skipIf(!hasAnalyze)("has no directive that systemd does not know", () => {
    const file = join(temporaryFolder(), "rehearsal-live.service");
    writeFileSync(file, unit.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"));
    const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("rehearsal-live.service"))).toEqual([]);
    // The check itself sees what is wrong.
    writeFileSync(file, unit.replace("ProtectSystem=", "ProtectSytem="));
    const wrong = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    expect(`${wrong.stdout}${wrong.stderr}`).toContain("ProtectSytem");
  });
});

describe("the container file", () => {
  test("copies only what is there, or what its build makes", () => {
    const made = ["/app/node_modules", "/app/dist"];
    let copied = 0;
    for (const [, from, sources] of container.matchAll(/^COPY (--from=build )?(.+) \S+$/gm)) {
      for (const source of sources!.split(" ")) {
        copied += 1;
        if (from === undefined) expect(existsSync(join(root, source)), source).toBe(true);
        else expect(made).toContain(source);
      }
    }
    expect(copied).toBeGreaterThan(8);
    const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;
    for (const [, script] of container.matchAll(/npm run ([a-z]+)/g)) expect(scripts).toHaveProperty(script!);
  });

  test("runs as a user without rights, on the Node the package asks for, and suspends when it is stopped", () => {
    const last = container.slice(container.lastIndexOf("FROM "));
    expect(last).toMatch(/^USER node$/m);
    expect(last.indexOf("USER node")).toBeLessThan(last.indexOf("ENTRYPOINT"));
    expect(container.match(/^FROM (\S+)/gm)).toEqual(["FROM node:20-bookworm-slim", "FROM node:20-bookworm-slim"]);
    expect(container).toContain("npm ci");
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    const [, entrypoint] = /^ENTRYPOINT \["\/app\/([^"]+)"\]$/m.exec(last)!;
    expect(existsSync(join(root, entrypoint!))).toBe(true);
  });

  test("asks the port that it serves", () => {
    expect(container).toContain("http://127.0.0.1:9464/healthz");
    expect(container).toContain('"--metrics-port", "9464"');
  });
});

describe("every option named", () => {
  test("is one of `live`", () => {
    const live = createLiveProgram({} as never);
    if (!live.commands.some((command) => command.name() === "doctor")) registerLiveDoctor(live, {} as never);
    const doctor = live.commands.find((command) => command.name() === "doctor")!;
    const known = new Set([...live.options, ...doctor.options].map(({ long }) => long));
    const named = [
      ...directivesOf(unit).filter(([name]) => name === "ExecStart"),
      ...container.matchAll(/^CMD (.*)$/gm),
      ...start.matchAll(/^.*exec node (.*)$/gm),
      ...readme.matchAll(/`((?:live|--)[^`]*)`/g),
    ].flatMap(([, text]) => text!.match(/--[a-z-]+/g) ?? []);
    const others = ["--network"];
    expect(named.length).toBeGreaterThan(12);
    expect(named.filter((option) => !known.has(option) && !others.includes(option))).toEqual([]);
  });
});

describe("the start script", () => {
  let bin = "";
  beforeAll(() => {
    bin = temporaryFolder();
    writeFileSync(join(bin, "node"), '#!/bin/sh\nshift\nprintf "%s\\n" "$@"\n');
    chmodSync(join(bin, "node"), 0o755);
  });

  function started(out: string): string[] {
    const env = { PATH: `${bin}:${process.env["PATH"]}`, LIVE_OUT: out };
    const { stdout, status, stderr } = spawnSync(join(root, "deploy/start-live.sh"), ["--yes", "a b"], {
      encoding: "utf8",
      env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  }

  async function session(out: string, name: string, isEnded: boolean, tsMs: number): Promise<string> {
    const folder = join(out, name);
    const journal = openFileJournal(folder, HEADER, "process");
    journal.append(entry({ type: "run.started", walletQuote: 1n }));
    if (isEnded) journal.append(entry({ type: "run.ended", cause: "stopped" }));
    await journal.close();
    utimesSync(join(folder, "journal.ndjson"), tsMs / 1000, tsMs / 1000);
    return folder;
  }

  test("begins a session where there is none, also beside a folder that never came to a journal", () => {
    const out = temporaryFolder();
    expect(started(out)).toEqual(["--testnet", "--out", out, "--yes", "a b"]);
    mkdirSync(join(out, "live-refused"));
    expect(started(out)).toEqual(["--testnet", "--out", out, "--yes", "a b"]);
  });

  test("goes on with the newest session unless that has ended", async () => {
    const out = temporaryFolder();
    const old = await session(out, "live-old", false, START_MS);
    expect(started(out)).toEqual(["--resume", old, "--yes", "a b"]);
    await session(out, "live-ended", true, START_MS + 10_000);
    expect(started(out)).toEqual(["--testnet", "--out", out, "--yes", "a b"]);
    const torn = await session(out, "live-torn", true, START_MS);
    const file = join(torn, "journal.ndjson");
    // Cut within its last line: the end was never confirmed.
    writeFileSync(file, readFileSync(file, "utf8").slice(0, -20));
    expect(started(out)).toEqual(["--resume", torn, "--yes", "a b"]);
  });
});

describe("a service that is stopped and started", () => {
  beforeAll(ensureBuilt);

  /** As a service manager does: starts the script, waits until the session runs, stops it. */
  async function cycle(out: string): Promise<{ code: number | null; text: string }> {
    const args = ["--paper", "--feed", "recording", "--speed", "600x", "--yes"];
    const env = { ...process.env, NO_COLOR: "1", LIVE_OUT: out };
    const child = spawn(join(root, "deploy/start-live.sh"), args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const take = (part: Buffer) => {
      // The session says where it is once it runs.
      if (!text.includes(`in ${out}`) && `${text}${part}`.includes(`in ${out}`)) child.kill("SIGTERM");
      text += part;
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, text };
  }

  test("goes on with the session it suspended, at the entry where that stopped", async () => {
    const out = temporaryFolder();
    const entriesIn = (folder: string) => [...openSessionFolder(folder).items()].filter(({ kind }) => kind === "entry");
    const first = await cycle(out);
    expect(first.text).toContain("suspended at seq");
    expect(first.code).toBe(143);
    const [name, ...more] = readdirSync(out);
    expect(more).toEqual([]);
    const before = entriesIn(join(out, name!));

    const second = await cycle(out);

    expect(second.code).toBe(143);
    expect(readdirSync(out)).toEqual([name]);
    const after = entriesIn(join(out, name!));
    expect(after.length).toBeGreaterThanOrEqual(before.length);
    expect(after.slice(0, before.length)).toEqual(before);
  });
});

test("the alerts are rules on metrics that exist", async () => {
  const rules = (parse(read("deploy/alerts.yml")) as { groups: { rules: Record<string, unknown>[] }[] }).groups[0]!
    .rules;
  const metrics = metricsAt(() => START_MS);
  const text = await metrics.text();
  const known = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]!));
  expect(rules.length).toBeGreaterThan(10);
  for (const { alert, expr, annotations, labels } of rules) {
    const named = (expr as string).match(/rehearsal_[a-z_]+/g)!;
    expect(named.length, String(alert)).toBeGreaterThan(0);
    for (const name of named) expect(known, `${alert}: ${name}`).toContain(name.replace(/_bucket$/, ""));
    expect(annotations).toHaveProperty("summary");
    expect(labels).toHaveProperty("severity");
  }
});
