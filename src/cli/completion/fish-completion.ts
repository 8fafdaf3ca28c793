import type { CompletedCommand } from "./command-tree.ts";

/** The same for fish, which shows what each word is for. */
export function fishCompletion(program: string, commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const { path, options, choices } = command;
    const children = commands.filter(
      (each) => each.path.length === path.length + 1 && path.every((word, place) => each.path[place] === word),
    );
    const condition = conditionOf(path, children);
    const start = `complete -c ${program}${condition === null ? "" : ` -n ${quoted(condition)}`}`;
    return [
      ...children.map((child) => `${start} -f -a ${quoted(child.path.at(-1)!)} -d ${quoted(child.summary)}`),
      ...(choices.length === 0 ? [] : [`${start} -f -a ${quoted(choices.join(" "))}`]),
      ...options.map(({ names, summary, takesValue, choices: values }) => {
        const flags = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
        const value = !takesValue ? "" : values.length === 0 ? " -r" : ` -x -a ${quoted(values.join(" "))}`;
        return `${start} ${flags.join(" ")}${value} -d ${quoted(summary)}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function conditionOf(path: readonly string[], children: readonly CompletedCommand[]): string | null {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const left =
    children.length === 0
      ? []
      : [`not __fish_seen_subcommand_from ${children.map(({ path: own }) => own.at(-1)!).join(" ")}`];
  const parts = [...seen, ...left];
  return parts.length === 0 ? null : parts.join("; and ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
