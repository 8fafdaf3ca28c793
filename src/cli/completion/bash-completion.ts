import type { CompletedCommand } from "./command-tree.ts";

/**
 * A bash function that completes commands, options and known values, and files where it knows nothing better. Everything is
 * in the text: no process is started at a press of Tab.
 */
export function bashCompletion(program: string, commands: readonly CompletedCommand[]): string {
  const name = `_rehearsal_${program}`;
  const lines = [
    `${name}() {`,
    `  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word`,
    "  COMPREPLY=()",
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    '    case "$path $word" in',
    ...commands.flatMap(({ path }) =>
      path.length === 0 ? [] : [`      ${quoted(` ${path.join(" ")}`)}) path=${quoted(` ${path.join(" ")}`)} ;;`],
    ),
    "    esac",
    "  done",
    '  case "$path $previous" in',
    ...commands.flatMap(({ path, options }) => options.flatMap((option) => valueCase(path, option))),
    "  esac",
    '  case "$path" in',
    ...commands.map((command) => wordCase(command, commands)),
    "  esac",
    `  [[ "$current" != -* && \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2> /dev/null`,
    "  return 0",
    "}",
    `complete -F ${name} ${program}`,
  ];
  return `${lines.join("\n")}\n`;
}

function valueCase(path: readonly string[], option: CompletedCommand["options"][number]): string[] {
  if (!option.takesValue) return [];
  const patterns = option.names.map((each) => quoted(`${path.map((word) => ` ${word}`).join("")} ${each}`)).join("|");
  const values =
    option.choices.length === 0
      ? "compopt -o default 2> /dev/null"
      : `COMPREPLY=($(compgen -W ${quoted(option.choices.join(" "))} -- "$current"))`;
  return [`    ${patterns}) ${values}; return 0 ;;`];
}

function wordCase({ path, options, choices }: CompletedCommand, commands: readonly CompletedCommand[]): string {
  const children = commands.filter(
    (each) => each.path.length === path.length + 1 && path.every((word, place) => each.path[place] === word),
  );
  const words = [...children.map((child) => child.path.at(-1)!), ...choices].join(" ");
  const flags = options.flatMap(({ names }) => names).join(" ");
  const pattern = quoted(path.map((word) => ` ${word}`).join(""));
  return `    ${pattern}) if [[ "$current" == -* ]]; then COMPREPLY=($(compgen -W ${quoted(flags)} -- "$current")); else COMPREPLY=($(compgen -W ${quoted(words)} -- "$current")); fi ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
