import { UserError } from "../../diagnostics/user-error.ts";
import type { Cell, Table } from "../tables/table.ts";

/** The part of a danfo.js DataFrame that is used here; users get the whole of it. */
export interface DataFrame {
  readonly shape: readonly [rows: number, columns: number];
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
  toString(): string;
}

interface Danfo {
  readonly DataFrame: new (
    rows: readonly (readonly Cell[])[],
    options: { readonly columns: readonly string[]; readonly dtypes: readonly string[] },
  ) => DataFrame;
}

const DTYPES = { text: "string", int: "float32", time: "float32", float: "float32", flag: "boolean" } as const;

/**
 * A table as a danfo.js DataFrame. The package is optional and loaded here, on the first call. Frames are for looking
 * around: every number in a report comes from this program's own float64 arithmetic, because element-wise operations of
 * frames round to float32 (danfo.js 1.2.0). The cells themselves are exact.
 *
 * @throws {UserError} when danfojs-node is not installed
 */
export async function toDataFrame({ columns, rows }: Table): Promise<DataFrame> {
  const { DataFrame } = await loadDanfo();
  const cells = [...rows()].map((row) => [...row]);
  return new DataFrame(cells, {
    columns: columns.map(({ name }) => name),
    // Told and not guessed: danfo looks at the first rows only.
    dtypes: columns.map(({ type }) => DTYPES[type]),
  });
}

async function loadDanfo(): Promise<Danfo> {
  try {
    const loaded = (await import("danfojs-node")) as unknown as Danfo & { readonly default?: Danfo };
    return loaded.default ?? loaded;
  } catch (cause) {
    const text = "Cannot make a DataFrame: the optional package danfojs-node is not installed, it is needed";
    throw new UserError([{ text, hint: "npm install danfojs-node, or use --tables, which needs nothing" }], undefined, {
      cause,
    });
  }
}
