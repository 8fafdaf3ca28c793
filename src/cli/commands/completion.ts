import { Argument, type Command } from "commander";
import type { Shell } from "../shell.ts";

const EXAMPLES = `
Examples:
  source <(npx sim completion bash)                               now, in this shell
  npx sim completion bash >> ~/.bash_completion                   always
  npx sim completion zsh > ~/.rehearsal.zsh                       and: source ~/.rehearsal.zsh in ~/.zshrc
  npx sim completion fish > ~/.config/fish/completions/sim.fish

Completes both sim and live where they are called by their names: npm link, or PATH="$PWD/node_modules/.bin:$PATH".`;

/** Adds `sim completion`: what a shell needs to complete `sim` and `live`. */
export function registerCompletion(program: Command, shell: Shell): void {
  program
    .command("completion")
    .description("a script that lets bash, zsh or fish complete commands, options and values")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", EXAMPLES)
    .action(async (which: "bash" | "zsh" | "fish") => {
      const { completionText } = await import("../completion/completion-text.ts");
      shell.print(completionText(which, program, shell));
    });
}
