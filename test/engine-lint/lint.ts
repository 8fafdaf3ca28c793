import { RULES, type Rule } from "./rules.ts";
import { type Comment, tokensOf } from "./tokens.ts";

export interface Finding {
  readonly rule: string;
  readonly line: number;
  /** The line of source, trimmed. */
  readonly source: string;
}

export interface LintResult {
  readonly findings: readonly Finding[];
  /** Rules that an exception silenced, one per exception. */
  readonly allowed: readonly string[];
  /** Exceptions without a reason, for an unknown rule, or over a line that breaks no rule. */
  readonly idle: readonly string[];
}

/** `// allow(rule): reason`, on the line it excuses or on a comment line right above it. */
const EXCEPTION = /^\/\/ allow\((?<rule>[\w-]+)\)(?<reason>.*)$/;
const REASON = /^: \S.{9,}/;

/** Applies rules to one file of source. */
export function lint(source: string, rules: readonly Rule[] = RULES): LintResult {
  const { tokens, comments } = tokensOf(source);
  const lines = source.split("\n");
  const exceptions = comments.flatMap((comment) => exceptionOf(comment, comments, lines));
  const used = new Set<string>();
  const findings: Finding[] = [];
  for (const rule of rules) {
    for (const { line } of rule.find(tokens)) {
      const key = `${rule.name} ${line}`;
      if (exceptions.some((exception) => exception.isSound && exception.key === key)) used.add(key);
      else if (!findings.some((known) => known.rule === rule.name && known.line === line)) {
        findings.push({ rule: rule.name, line, source: lines[line - 1]!.trim() });
      }
    }
  }
  return {
    findings,
    allowed: exceptions.filter(({ key }) => used.has(key)).map(({ rule }) => rule),
    idle: exceptions.filter(({ key }) => !used.has(key)).map(({ text }) => text),
  };
}

interface Exception {
  readonly rule: string;
  /** Rule and line it excuses. */
  readonly key: string;
  readonly text: string;
  readonly isSound: boolean;
}

function exceptionOf(comment: Comment, comments: readonly Comment[], lines: readonly string[]): Exception[] {
  const groups = EXCEPTION.exec(comment.text)?.groups;
  if (groups === undefined) return [];
  const rule = groups["rule"]!;
  let line = comment.line;
  // A reason may take more than one comment line: the code is the first line below that is none.
  while (lines[line - 1]!.trim().startsWith("//") && comments.some((other) => other.line === line)) line++;
  return [{ rule, key: `${rule} ${line}`, text: comment.text, isSound: REASON.test(groups["reason"]!) }];
}
