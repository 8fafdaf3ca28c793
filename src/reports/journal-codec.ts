// Live sessions write journals too and may not look into reports: the codec's home is the folder both may read.
export { decodeJournalLine, encodeJournalLine } from "../recording/journal-codec.ts";
