import { styleText } from "node:util";
import { MONEY_SCALE, type Money } from "../../engine/domain/money.ts";
import type { SessionState, SessionStatus } from "../ports.ts";
import type { PlanTally, SessionFacts } from "./session-facts.ts";

const REDRAW_MS = 250;
const PLAIN_MS = 60_000;
const PRICE_OLD_MS = 10_000;
const ERASE = "\r\u001b[2K";

export interface StatusLineOptions {
  /** Cells of the terminal; what does not fit is left out from the right, never wrapped. */
  readonly width: number;
  readonly colour: boolean;
  /** The clock of the session, UTC milliseconds. */
  readonly nowMs: number;
}

interface Part {
  readonly text: string;
  readonly style: "bold" | "red" | "yellow" | "green" | null;
}

/**
 * One calm line: `running  entries 5 of 11  exits 0 of 2 !!  open 3  pnl -1.20  price 0.4s  waiting 0  seq 48210`.
 * Entries and exits executed are told apart, because their sum hides that nothing ever leaves. `!!` marks what a person
 * should look at, with or without colour.
 */
export function statusLine(status: SessionStatus, facts: SessionFacts, options: StatusLineOptions): string {
  const { nowMs, colour } = options;
  const parts = [
    statePart(status.state),
    ...killPart(facts),
    tallyPart("entries", facts.entries, false),
    tallyPart("exits", facts.exits, facts.exits.answered > 0 && facts.exits.executed === 0),
    plainPart(`open ${facts.openPositions}`),
    plainPart(`pnl ${facts.pnlQuote === null ? "-" : signedCents(facts.pnlQuote)}`),
    pricePart(facts.lastPriceTsMs, nowMs),
    waitingPart(status),
    plainPart(`seq ${status.seq}`),
  ];
  let used = 0;
  const shown: string[] = [];
  for (const { text, style } of parts) {
    const cells = text.length + (shown.length === 0 ? 0 : 2);
    if (used + cells > options.width && shown.length > 0) break;
    used += cells;
    shown.push(colour && style !== null ? styleText(style, text, { validateStream: false }) : text);
  }
  return shown.join("  ");
}

function statePart(state: SessionState): Part {
  const style = state === "running" ? "green" : state === "failed" ? "red" : "yellow";
  return { text: state === "failed" ? "failed !!" : state, style };
}

function killPart({ killSwitch }: SessionFacts): Part[] {
  return killSwitch === "off" ? [] : [{ text: `KILL ${killSwitch} !!`, style: "red" }];
}

function tallyPart(name: string, { executed, answered }: PlanTally, isWorth: boolean): Part {
  return { text: `${name} ${executed} of ${answered}${isWorth ? " !!" : ""}`, style: isWorth ? "yellow" : null };
}

function pricePart(lastPriceTsMs: number | null, nowMs: number): Part {
  if (lastPriceTsMs === null) return { text: "price none !!", style: "yellow" };
  const ageMs = Math.max(0, nowMs - lastPriceTsMs);
  const isOld = ageMs > PRICE_OLD_MS;
  return { text: `price ${(ageMs / 1000).toFixed(1)}s${isOld ? " !!" : ""}`, style: isOld ? "yellow" : null };
}

function waitingPart({ intentsWaiting, isIntentSourcePaused, ordersUnresolved }: SessionStatus): Part {
  const unresolved = ordersUnresolved > 0 ? `, ${ordersUnresolved} unresolved` : "";
  const isWorth = isIntentSourcePaused || ordersUnresolved > 0;
  return { text: `waiting ${intentsWaiting}${unresolved}${isWorth ? " !!" : ""}`, style: isWorth ? "yellow" : null };
}

function plainPart(text: string): Part {
  return { text, style: null };
}

/** `-120000000n` is `-1.20`; half a cent goes away from zero. */
function signedCents(amount: Money): string {
  const isNegative = amount < 0n;
  const cents = ((isNegative ? -amount : amount) * 100n + MONEY_SCALE / 2n) / MONEY_SCALE;
  if (cents === 0n) return "0.00";
  return `${isNegative ? "-" : "+"}${cents / 100n}.${(cents % 100n).toString().padStart(2, "0")}`;
}

export interface StatusPrinterOptions {
  readonly stream: {
    readonly isTTY?: boolean;
    readonly columns?: number;
    /** The reader does not keep up: nothing is drawn until it does. */
    readonly writableNeedDrain?: boolean;
    write(text: string): unknown;
  };
  /** The line for that width, with colour or without. */
  line(width: number, colour: boolean): string;
  readonly colour: boolean;
  nowMs(): number;
}

export interface StatusPrinter {
  /** Call it as often as you like: a terminal is redrawn at most 4 times a second, a log gets one line a minute. */
  update(): void;
  /** A line above the status line. */
  note(text: string): void;
  /** Erases the status line. */
  close(): void;
}

export function createStatusPrinter({ stream, line, colour, nowMs }: StatusPrinterOptions): StatusPrinter {
  const isTerminal = stream.isTTY === true;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let drawn = "";
  let isClosed = false;
  return {
    update() {
      const now = nowMs();
      // A clock that goes back must not silence the line.
      const sinceMs = now < drawnMs ? Number.POSITIVE_INFINITY : now - drawnMs;
      if (isClosed || sinceMs < (isTerminal ? REDRAW_MS : PLAIN_MS) || stream.writableNeedDrain === true) return;
      drawnMs = now;
      if (!isTerminal) {
        stream.write(`${line(Number.POSITIVE_INFINITY, false)}\n`);
        return;
      }
      const text = line((stream.columns ?? 80) - 1, colour);
      if (text === drawn) return;
      drawn = text;
      stream.write(`${ERASE}${text}`);
    },
    note(text) {
      if (isClosed || !isTerminal || drawn === "") stream.write(`${text}\n`);
      else stream.write(`${ERASE}${text}\n${drawn}`);
    },
    close() {
      if (isTerminal && drawn !== "" && !isClosed) stream.write(ERASE);
      isClosed = true;
    },
  };
}
