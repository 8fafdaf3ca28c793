import { formatMoney, moneyToNumber } from "../../engine/domain/money.ts";
import { listed, ok, refuse, warn } from "./preflight-check.ts";
import type { PreflightCheck, PreflightFacts, PreflightWanted } from "./preflight-facts.ts";

/** Whether the limits let anything pass, bind at all, and fit the pipeline and the wallet. */
export function limitChecks({ venue }: PreflightFacts, wanted: PreflightWanted): PreflightCheck[] {
  if (!wanted.isTrading) return [];
  const { limits, pipelineLimits, instruments, leverage } = wanted;
  const { maxNotionalQuote, maxPositionQuote, maxExposureQuote, maxOrdersPerMinute, maxLossQuote } = limits;
  const text = `${formatMoney(maxNotionalQuote)} an order, ${formatMoney(maxPositionQuote)} a symbol, ${formatMoney(maxExposureQuote)} together, ${maxOrdersPerMinute} orders a minute, loss of ${formatMoney(maxLossQuote)}`;
  const amounts = [maxNotionalQuote, maxPositionQuote, maxExposureQuote, maxLossQuote];
  if (amounts.some((amount) => amount <= 0n) || !(maxOrdersPerMinute >= 1)) {
    return [
      refuse(
        "limits",
        `${text}; every limit above 0 is needed, because 0 lets nothing pass`,
        "raise the limit that is 0, or use --dry-run",
      ),
    ];
  }
  const doubts: string[] = [];
  if (maxNotionalQuote > maxPositionQuote || maxPositionQuote > maxExposureQuote) {
    doubts.push("a wider limit inside of a narrower one never binds");
  }
  if (pipelineLimits.notionalPerTradeMaxQuote > maxNotionalQuote) {
    doubts.push(
      `the pipeline may ask for ${formatMoney(pipelineLimits.notionalPerTradeMaxQuote)} an order and will be refused`,
    );
  }
  if (pipelineLimits.notionalTotalMaxQuote > maxExposureQuote) {
    doubts.push(
      `the pipeline may want ${formatMoney(pipelineLimits.notionalTotalMaxQuote)} together and will be refused`,
    );
  }
  const tooSmall = instruments.filter(({ notionalMinQuote }) => notionalMinQuote > maxNotionalQuote);
  if (tooSmall.length === instruments.length && instruments.length > 0) {
    return [
      refuse(
        "limits",
        `${text}; no symbol takes orders that small, a limit of ${formatMoney(leastOf(tooSmall.map((each) => each.notionalMinQuote)))} an order at least is needed`,
        "raise --max-notional",
      ),
    ];
  }
  if (tooSmall.length > 0)
    doubts.push(`orders of ${listed(tooSmall.map(({ symbol }) => symbol))} begin above the limit of one order`);
  if (venue !== null && !("error" in venue)) {
    const { walletQuote } = venue.account;
    if (moneyToNumber(maxExposureQuote) > moneyToNumber(walletQuote) * leverage) {
      doubts.push(
        `the wallet carries ${formatMoney(walletQuote)} times ${leverage}, less than all limits together allow`,
      );
    }
    if (maxLossQuote >= walletQuote) doubts.push("the loss limit is not below the wallet and never binds");
  }
  return [doubts.length === 0 ? ok("limits", text) : warn("limits", `${text}; ${doubts.join("; ")}`)];
}

function leastOf(amounts: readonly bigint[]): bigint {
  const [least = 0n] = [...amounts].sort((left, right) => Number(left - right));
  return least;
}
