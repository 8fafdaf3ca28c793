/** Fields of a stream: `needed` in every entry, `known` in some. Names inside a wrapper begin with `payload.`. */
export interface KnownFields {
  readonly needed: readonly string[];
  readonly known: ReadonlySet<string>;
}

const WRAPPED = "event_type payload timestamp source";
const TRACED = "trace_id correlation_id";

/** [stream, needed in every entry, known]: pipeline.md section 2, and the captures of 2025-12-24 and 2026-02-17. */
const TABLE: readonly (readonly [stream: string, needed: string, known: string])[] = [
  [
    "trade.intent",
    `${WRAPPED} payload.symbol`,
    `${TRACED} data payload.side payload.action payload.confidence payload.entry_price payload.stop_loss
     payload.take_profit payload.position_size_usd payload.quantity payload.qty payload.size payload.price
     payload.leverage payload.timestamp payload.model payload.reason payload.atr_value payload.volatility_factor
     payload.exchange_divergence payload.funding_rate payload.regime payload.consensus_count payload.total_models
     payload.model_breakdown payload.meta_strategy payload.rl_gate_pass payload.rl_weight_effective
     payload.ai_size_usd payload.ai_leverage payload.ai_harvest_policy payload.risk_budget_usd payload.reduceOnly
     payload.reduce_only payload.type payload.source`,
  ],
  [
    "apply.plan",
    "plan_id symbol decision timestamp",
    `side type qty reduceOnly source signature leverage stop_loss take_profit action kill_score k_regime_flip
     k_sigma_spike k_ts_drop k_age_penalty new_sl_proposed R_net reason_codes steps close_qty price`,
  ],
  [
    "apply.plan.manual",
    "plan_id symbol decision side type qty reduceOnly timestamp",
    "source signature leverage stop_loss take_profit",
  ],
  [
    "apply.result",
    "plan_id symbol executed timestamp",
    "event_type source details decision would_execute steps_results error reason",
  ],
  [
    "harvest.proposal",
    "symbol",
    `harvest_action new_sl_proposed R_net risk_unit cost_est kill_score reason_codes k_regime_flip k_sigma_spike k_ts_drop
     k_age_penalty sigma ts p_trend p_mr p_chop computed_at_utc last_update_epoch position_side position_age_sec
     position_current_price position_entry_price position_unrealized_pnl trace_id plan_id action original_action
     heat_value heat_bucket calibrated calibrated_by downgrade_reason ts_epoch in_action out_action heat_level heat_score
     heat_action recommended_partial reason inputs_age_sec mode debug_json`,
  ],
  [
    "harvest.calibrated",
    "trace_id plan_id symbol original_action calibrated_action",
    "heat_value heat_bucket mode calibrated reason timestamp kill_score",
  ],
  [
    "portfolio.gate",
    "plan_id symbol action_proposed final_action gate_reason",
    "stress heat concentration corr_proxy kill_score ts_epoch",
  ],
  [
    "apply.heat.observed",
    "plan_id symbol obs_point",
    `ts_epoch apply_component heat_found heat_ts_epoch heat_level heat_score heat_action heat_out_action
     heat_recommended_partial heat_reason apply_decision debug_json`,
  ],
  [
    "market.tick",
    `${WRAPPED} payload.symbol payload.price`,
    `${TRACED} payload.qty payload.volume payload.is_buyer_maker payload.timestamp`,
  ],
  [
    "market.klines",
    `${WRAPPED} payload.symbol payload.open payload.high payload.low payload.close`,
    `${TRACED} payload.interval payload.volume payload.open_time payload.close_time payload.is_closed payload.timestamp`,
  ],
  ["exchange.raw", "exchange symbol timestamp open high low close volume", "init"],
  [
    "exchange.normalized",
    "symbol timestamp avg_price",
    "price_divergence num_exchanges binance_price bybit_price coinbase_price",
  ],
  ["marketstate", "symbol sigma mu ts", "p_trend p_mr p_chop dp vr spike_proxy ts_timestamp buffer_size"],
  [
    "reconcile.close",
    "plan_id symbol side qty reduceOnly type decision source reason",
    "exchange_amt ledger_amt ts signature hmac",
  ],
  ["reconcile.events", "event symbol ts", "details reason age_sec ttl_sec"],
  ["risk.events", "event reason timestamp", "guard_type duration_sec"],
];

const KNOWN: ReadonlyMap<string, KnownFields> = new Map(
  TABLE.map(([stream, needed, known]) => {
    const names = needed.split(/\s+/);
    return [stream, { needed: names, known: new Set([...names, ...known.split(/\s+/)]) }];
  }),
);

/** `null` for a stream nobody has described: all its fields would be unknown. */
export function knownFields(stream: string): KnownFields | null {
  return KNOWN.get(stream) ?? null;
}
