import type { Command } from "commander";
import { createLiveProgram } from "../live/program.ts";
import type { Shell } from "../shell.ts";
import { bashCompletion } from "./bash-completion.ts";
import { commandTree } from "./command-tree.ts";
import { fishCompletion } from "./fish-completion.ts";

/** The script of one shell for `sim` and `live`. */
export function completionText(shell: "bash" | "zsh" | "fish", sim: Command, outer: Shell): string {
  const trees = [
    ["sim", commandTree(sim)],
    ["live", commandTree(createLiveProgram(outer))],
  ] as const;
  if (shell === "fish") return trees.map(([name, tree]) => fishCompletion(name, tree)).join("");
  const functions = trees.map(([name, tree]) => bashCompletion(name, tree)).join("");
  // zsh runs bash's functions; what it does not know of them it leaves to files.
  const head = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n";
  return shell === "zsh" ? `${head}${functions.replaceAll("compopt -o default 2> /dev/null", ":")}` : functions;
}
