import type { Command, Option } from "commander";

/** What a shell may complete of one command. */
export interface CompletedCommand {
  /** Words that lead to it after the program's name; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Values an argument may have, when they are known. */
  readonly choices: readonly string[];
}

export interface CompletedOption {
  /** `--json`, and `-q` when there is a short one. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  /** Values it may have; empty means files, or anything. */
  readonly choices: readonly string[];
}

/** A program and all its commands, outermost first, in the order of its help. */
export function commandTree(program: Command): readonly CompletedCommand[] {
  return [completed(program, []), ...shown(program).flatMap((command) => branch(command, []))];
}

function branch(command: Command, path: readonly string[]): CompletedCommand[] {
  const own = [...path, command.name()];
  return [completed(command, own), ...shown(command).flatMap((child) => branch(child, own))];
}

function shown(command: Command): readonly Command[] {
  const visible = new Set(command.createHelp().visibleCommands(command));
  return command.commands.filter((child) => visible.has(child));
}

function completed(command: Command, path: readonly string[]): CompletedCommand {
  const options = command.createHelp().visibleOptions(command);
  return {
    path,
    summary: command.description(),
    options: options.map((option) => ({
      names: namesOf(option),
      summary: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

function namesOf({ long, short }: Option): string[] {
  return [long, short].flatMap((name) => name ?? []);
}
