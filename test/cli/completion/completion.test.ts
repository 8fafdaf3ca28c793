import { spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../../built-cli.ts";

let script: string;

beforeAll(async () => {
  await ensureBuilt();
  const { code, stdout } = await runSim(["completion", "bash"]);
  expect(code).toBe(0);
  script = stdout;
}, 120_000);

/** What bash itself would offer at the end of the line. */
function offered(line: string): string[] {
  const words = line.split(" ");
  const array = words.map((word) => `'${word}'`).join(" ");
  const ask = `${script}\nCOMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _rehearsal_${words[0]}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", ask], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout.split("\n").filter((each) => each !== "");
}

test("commands are offered by their beginning, hidden ones are not", () => {
  expect(offered("sim re")).toEqual(["report", "record"]);
  expect(offered("sim ")).toEqual(expect.arrayContaining(["run", "doctor", "calibrate", "completion"]));
  expect(offered("sim ")).not.toContain("schema");
});

test("options are those of the command they follow", () => {
  expect(offered("sim sweep --sto")).toEqual(["--stop-dominated"]);
  expect(offered("sim run --sto")).toEqual([]);
  expect(offered("live --max-n")).toEqual(["--max-notional"]);
  expect(offered("live doctor --po")).toEqual(["--port"]);
});

test("known values are offered after their option and as arguments, and what is not known is left to files", () => {
  expect(offered("live --venue ")).toEqual(["demo", "testnet"]);
  expect(offered("live --feed r")).toEqual(["recording"]);
  expect(offered("sim completion f")).toEqual(["fish"]);
  expect(offered("sim run ")).toEqual([]);
});

test("zsh gets the same functions, fish a line for every word, and another shell is refused with those there are", async () => {
  const zsh = (await runSim(["completion", "zsh"])).stdout;
  expect(zsh).toMatch(/^autoload/);
  expect(zsh).not.toContain("compopt");
  const fish = (await runSim(["completion", "fish"])).stdout;
  expect(fish).toContain("complete -c sim -n 'not __fish_seen_subcommand_from run ");
  expect(fish).toMatch(/complete -c live .*-l venue -x -a 'demo testnet' -d '/);
  for (const line of fish.trimEnd().split("\n")) expect(line).toMatch(/^complete -c (sim|live)( |$)/);
  const other = await runSim(["completion", "tcsh"]);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("bash, zsh, fish");
});
