import { parseExchangeInfo, type VenueSymbol } from "../exchange-info.ts";
import type { InputFile } from "../manifest.ts";
import { badSource, readJsonSource } from "./source-file.ts";

/**
 * Reads an `exchangeInfo` answer saved as JSON (or JSON.gz).
 *
 * @throws {UserError} with every symbol whose filters cannot be used.
 */
export function readExchangeInfoFile(path: string): {
  raw: unknown;
  venue: ReadonlyMap<string, VenueSymbol>;
  input: InputFile;
} {
  const { value, input } = readJsonSource(path, "exchange-info");
  const { venue, problems } = parseExchangeInfo(value);
  if (problems.length > 0) throw badSource(problems.map((problem) => ({ file: path, ...problem })));
  return { raw: value, venue, input };
}
