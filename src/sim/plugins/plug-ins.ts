import { UserError } from "../../diagnostics/user-error.ts";
import type { GovernorDefinition } from "../../engine/governors/governor.ts";
import { governors } from "../../engine/governors/index.ts";
import { rankers } from "../../engine/rankers/index.ts";
import type { RankerDefinition } from "../../engine/rankers/ranker.ts";
import { strategyNames } from "../strategies/index.ts";
import type { StrategyDefinition } from "../strategies/strategy.ts";

export type PlugInKind = "governor" | "ranker" | "strategy";

/** One file of `--plugin`, loaded and checked. */
export type PlugIn =
  | PlugInOf<"governor", GovernorDefinition>
  | PlugInOf<"ranker", RankerDefinition>
  | PlugInOf<"strategy", StrategyDefinition>;

interface PlugInOf<Kind extends PlugInKind, Definition> {
  readonly kind: Kind;
  readonly name: string;
  /** Path as the user typed it. */
  readonly file: string;
  /** SHA-256 of the file: part of the scenario's hash, hence of the run's id. */
  readonly sha256: string;
  readonly definition: Definition;
}

/** Names that are taken by what comes with the program. */
export function builtInNames(kind: PlugInKind): readonly string[] {
  switch (kind) {
    case "governor":
      return [...governors.map(({ name }) => name), "plugin"];
    case "ranker":
      return [...rankers.map(({ name }) => name), "plugin"];
    case "strategy":
      return [...strategyNames, "plugin"];
  }
}

/** The plug-ins of one command, by kind and name. */
export class PlugIns {
  readonly all: readonly PlugIn[];

  /** @throws {UserError} when a name is taken, by the program or by an earlier plug-in */
  constructor(all: readonly PlugIn[]) {
    this.all = all;
    for (const [place, { kind, name, file }] of all.entries()) {
      const earlier = all.slice(0, place).find((other) => other.kind === kind && other.name === name);
      const owner = builtInNames(kind).includes(name) ? "the program itself" : earlier?.file;
      if (owner === undefined) continue;
      const text = `Cannot load the ${kind} "${name}": ${owner} has one of that name, a name of its own is needed`;
      throw new UserError([{ file, text }]);
    }
  }

  find(kind: PlugInKind, name: string): PlugIn | undefined {
    return this.all.find((each) => each.kind === kind && each.name === name);
  }

  governor(name: string): GovernorDefinition | undefined {
    return this.find("governor", name)?.definition as GovernorDefinition | undefined;
  }

  ranker(name: string): RankerDefinition | undefined {
    return this.find("ranker", name)?.definition as RankerDefinition | undefined;
  }

  strategy(name: string): StrategyDefinition | undefined {
    return this.find("strategy", name)?.definition as StrategyDefinition | undefined;
  }
}

export const NO_PLUG_INS = new PlugIns([]);
