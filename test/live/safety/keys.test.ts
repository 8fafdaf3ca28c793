import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { forgetKeys, KEY_NAME, missingKeysHint, readApiKeys, SECRET_NAME } from "../../../src/live/safety/keys.ts";
import { problemOf } from "../../../src/live/safety/secret-file.ts";
import { expectNoKey, TEST_KEYS } from "./expect-no-key.ts";

const { apiKey, secret } = TEST_KEYS;
const lines = `# demo trading\n${KEY_NAME}=${apiKey}\nexport ${SECRET_NAME}="${secret}"\n`;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rehearsal-keys-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(EXIT.liveRefused);
    expectNoKey(inspect(error, { depth: 9 }));
    return (error as UserError).message;
  }
  return expect.unreachable();
}

describe("keys come", () => {
  test("from two names of the environment, which forgets them when it is told to", () => {
    const env: Record<string, string> = { [KEY_NAME]: apiKey, [SECRET_NAME]: secret, HOME: "x" };
    const found = readApiKeys({ env, file: null });
    expect([found?.keys.apiKey, found?.keys.secret, found?.source]).toEqual([apiKey, secret, "environment"]);
    expectNoKey(inspect(found, { depth: 9 }) + JSON.stringify(found));
    forgetKeys(env);
    expect(env).toEqual({ HOME: "x" });
    expect(readApiKeys({ env, file: null })).toBeNull();
  });

  test("from a file of the owner alone, which goes before the environment", () => {
    const file = fileOf("keys", lines);
    const found = readApiKeys({ env: { [KEY_NAME]: "another-key", [SECRET_NAME]: "another-secret" }, file });
    expect([found?.keys.apiKey, found?.keys.secret, found?.source]).toEqual([apiKey, secret, file]);
    for (const mode of [0o400, 0o600, 0o700]) {
      expect(readApiKeys({ env: {}, file: fileOf(`keys-${mode}`, lines, mode) })?.keys.secret).toBe(secret);
    }
  });

  test("through a link inside of the folder, as mounted secrets have it", () => {
    mkdirSync(join(folder, "..data"), { recursive: true });
    fileOf("..data/keys", lines);
    symlinkSync(join("..data", "keys"), join(folder, "mounted"));
    expect(readApiKeys({ env: {}, file: join(folder, "mounted") })?.keys.apiKey).toBe(apiKey);
  });
});

describe("keys are refused", () => {
  test.each([0o640, 0o604, 0o644, 0o660, 0o620, 0o610, 0o777])(
    "from a file of the mode %o, with the chmod that helps",
    (mode) => {
      const file = fileOf("open", lines, mode);
      const message = refusal(() => readApiKeys({ env: {}, file }));
      expect(message).toContain(`its mode is 0${mode.toString(8)}`);
      expect(message).toContain(`chmod 600 ${file}`);
    },
  );

  test("from a file of another user, with the chown that helps", () => {
    const stats = { isFile: () => true, uid: 1001, mode: 0o100600, size: 10 };
    const problem = problemOf("a file", stats, 1000);
    expect(problem?.text).toContain("belongs to user 1001");
    expect(problem?.hint).toContain("chown 1000 'a file'");
    expect(problemOf("a file", stats, 1001)).toBeNull();
  });

  test("through a link out of the folder, also over two links and by the folder's own name", () => {
    const other = mkdtempSync(join(tmpdir(), "rehearsal-other-"));
    try {
      writeFileSync(join(other, "keys"), lines, { mode: 0o600 });
      symlinkSync(join(other, "keys"), join(folder, "out"));
      symlinkSync("out", join(folder, "twice"));
      symlinkSync(join("..", other.slice(tmpdir().length + 1), "keys"), join(folder, "relative"));
      for (const name of ["out", "twice", "relative"]) {
        const message = refusal(() => readApiKeys({ env: {}, file: join(folder, name) }));
        expect(message).toContain("symbolic link out of its folder");
      }
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  test("from what is no file: nothing, a folder, a pipe that nobody writes to, a gigantic file", () => {
    expect(refusal(() => readApiKeys({ env: {}, file: join(folder, "nowhere") }))).toMatch(/ENOENT.*chmod 600/);
    mkdirSync(join(folder, "sub"), { mode: 0o700 });
    expect(refusal(() => readApiKeys({ env: {}, file: join(folder, "sub") }))).toContain("no ordinary file");
    execFileSync("mkfifo", ["-m", "600", join(folder, "pipe")]);
    expect(refusal(() => readApiKeys({ env: {}, file: join(folder, "pipe") }))).toContain("no ordinary file");
    const big = fileOf("big", `${lines}#${"x".repeat(20_000)}`);
    expect(refusal(() => readApiKeys({ env: {}, file: big }))).toContain("at most 16384");
  });

  test.each([
    ["a line that is no name and value", `${KEY_NAME}=${apiKey}\n${secret}\n`, /:2:1 .*no line NAME=value/],
    ["a name that is not asked for", `${lines}BINANCE_API_KEY=${apiKey}\n`, /:4:1 .*no line NAME=value/],
    ["a name twice", `${lines}${KEY_NAME}=${secret}\n`, /:4:1 .*a second time/],
    ["a secret that is missing", `${KEY_NAME}=${apiKey}\n`, /REHEARSAL_API_SECRET is missing/],
    ["a key that is empty", `${KEY_NAME}=\n${SECRET_NAME}=${secret}\n`, /REHEARSAL_API_KEY is missing/],
    [
      "a key with a space in it",
      `${KEY_NAME}=${apiKey} x\n${SECRET_NAME}=${secret}\n`,
      /REHEARSAL_API_KEY has 66 characters/,
    ],
    ["a private key", `${KEY_NAME}=${apiKey}\n${SECRET_NAME}=-----BEGIN PRIVATE KEY-----\n`, /HMAC/],
    ["the key as its own secret", `${KEY_NAME}=${apiKey}\n${SECRET_NAME}=${apiKey}\n`, /the same as/],
  ])("for %s, by line and name and never by value", (name, text, message) => {
    expect(refusal(() => readApiKeys({ env: {}, file: fileOf(`bad ${name}`, text) }))).toMatch(message);
  });

  test("when the environment has one of the two", () => {
    expect(refusal(() => readApiKeys({ env: { [KEY_NAME]: apiKey }, file: null }))).toContain(
      `${SECRET_NAME} is missing`,
    );
    expect(refusal(() => readApiKeys({ env: { [SECRET_NAME]: secret }, file: null }))).toContain(
      `${KEY_NAME} is missing`,
    );
  });

  test("under names that may be of an account with real money: they are named and not read", () => {
    const env = { BINANCE_API_KEY: apiKey, BINANCE_API_SECRET: secret };
    expect(readApiKeys({ env, file: null })).toBeNull();
    expect(missingKeysHint(env)).toContain("BINANCE_API_KEY and BINANCE_API_SECRET");
    expect(missingKeysHint({})).not.toContain("BINANCE");
    expectNoKey(missingKeysHint(env));
  });
});
