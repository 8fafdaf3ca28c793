import type { InputFile } from "../manifest.ts";
import type { RecordSink } from "../record.ts";
import { readBracketsFile } from "./brackets.ts";
import { readExchangeInfoFile } from "./exchange-info.ts";

export interface VenueOptions {
  readonly exchangeInfo?: string;
  readonly brackets?: string;
}

/**
 * Static data of the venue that go with an import, read and checked before anything is written.
 *
 * @throws {UserError} when a file cannot be read or used.
 */
export function readVenueFiles(options: VenueOptions): { inputs: InputFile[]; write: (sink: RecordSink) => void } {
  const exchangeInfo = options.exchangeInfo === undefined ? null : readExchangeInfoFile(options.exchangeInfo);
  const brackets = options.brackets === undefined ? null : readBracketsFile(options.brackets);
  return {
    inputs: [exchangeInfo?.input, brackets?.input].filter((input) => input !== undefined),
    write: (sink) => {
      if (exchangeInfo !== null) sink.exchangeInfo(exchangeInfo.raw);
      if (brackets !== null) sink.leverageBrackets(brackets.raw);
    },
  };
}
