import { spawnSync } from "node:child_process";
import { UserError } from "../../diagnostics/user-error.ts";

/** A commit as people know it. */
export interface Commit {
  readonly id: string;
  readonly subject: string;
}

/** A line of commits: `good` decides right, the last of `later` decides otherwise. */
export interface CommitRange {
  readonly root: string;
  readonly good: Commit;
  /** Oldest first; never empty. */
  readonly later: readonly Commit[];
}

/**
 * The commits after `good` up to `bad`.
 *
 * @throws {UserError} when a revision is unknown, `good` is not an ancestor of `bad`, both are the same commit, or there
 * is a merge between them: then "the first commit" is no question about a line.
 */
export function commitRange(folder: string, good: string, bad: string): CommitRange {
  const root = git(folder, ["rev-parse", "--show-toplevel"]);
  if (root === null) throw refusal(`${folder} is no git checkout, one of rehearsal is needed`);
  const [goodId, badId] = [commitOf(root, good), commitOf(root, bad)];
  if (goodId === badId) throw refusal(`"${good}" and "${bad}" are the same commit, two are needed`);
  if (git(root, ["merge-base", "--is-ancestor", goodId, badId]) === null) {
    const text = `"${good}" is not an ancestor of "${bad}", a line of commits from good to bad is needed`;
    throw refusal(text, `git merge-base ${good} ${bad} names the commit from which both come`);
  }
  const [merge] = commits(root, ["--merges", `${goodId}..${badId}`]);
  if (merge !== undefined) {
    const text = `${nameOf(merge)} between them is a merge, a line of single commits is needed`;
    throw refusal(text, `bisect each side: sim bisect --good ${good} --bad ${merge.id.slice(0, 10)}^2 ...`);
  }
  const [first] = commits(root, ["--max-count=1", goodId]);
  return { root, good: first!, later: commits(root, ["--reverse", `${goodId}..${badId}`]) };
}

/** `1a2b3c4d5e subject`. */
export function nameOf({ id, subject }: Commit): string {
  return `${id.slice(0, 10)} ${subject}`;
}

/** Output of a git command without its last line end; `null` when git refuses. */
export function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout, error } = spawnSync("git", args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error !== undefined) throw refusal(`git does not run (${error.message}), git is needed`);
  return status === 0 ? stdout.replace(/\n$/, "") : null;
}

function commitOf(root: string, revision: string): string {
  const id = git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]);
  if (id === null)
    throw refusal(`"${revision}" is no commit of ${root}, one is needed`, "git log --oneline lists them");
  return id;
}

function commits(root: string, args: readonly string[]): Commit[] {
  const text = git(root, ["log", "--format=%H %s", ...args]) ?? "";
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => ({ id: line.slice(0, 40), subject: line.slice(41) }));
}

function refusal(text: string, hint?: string): UserError {
  return new UserError([{ text: `Cannot bisect: ${text}`, ...(hint === undefined ? {} : { hint }) }]);
}
