import { createHmac } from "node:crypto";
import type { AccountState } from "../venue/account.ts";

const LIFE_MS = 60 * 60_000;

interface ListenKey {
  readonly key: string;
  readonly account: AccountState;
  expiresTsMs: number;
}

/**
 * Keys of user streams: POST gives the live one of an account and extends it by 60 minutes, PUT extends, DELETE closes.
 * Keys are derived from the account's secret and a number: a session replayed gives the same ones, and no other account
 * can guess them.
 */
export class ListenKeys {
  readonly #byKey = new Map<string, ListenKey>();
  readonly #byAccount = new Map<number, ListenKey>();
  readonly #secretOf: (account: AccountState) => string;
  readonly #onExpired: (key: string, account: AccountState, tsMs: number) => void;
  #count = 0;

  /** `onExpired` is told of keys that ran out or were closed, at that time. */
  constructor(
    secretOf: (account: AccountState) => string,
    onExpired: (key: string, account: AccountState, tsMs: number) => void,
  ) {
    this.#secretOf = secretOf;
    this.#onExpired = onExpired;
  }

  open(account: AccountState, tsMs: number): string {
    const known = this.#byAccount.get(account.index);
    if (known !== undefined) {
      known.expiresTsMs = tsMs + LIFE_MS;
      return known.key;
    }
    this.#count += 1;
    const key = createHmac("sha256", this.#secretOf(account))
      .update(`listen-key/${account.index}/${this.#count}`)
      .digest("hex");
    const entry = { key, account, expiresTsMs: tsMs + LIFE_MS };
    this.#byKey.set(key, entry);
    this.#byAccount.set(account.index, entry);
    return key;
  }

  /** @returns the key, or `null` when the account has none */
  extend(account: AccountState, tsMs: number): string | null {
    const known = this.#byAccount.get(account.index);
    if (known === undefined) return null;
    known.expiresTsMs = tsMs + LIFE_MS;
    return known.key;
  }

  close(account: AccountState, tsMs: number): boolean {
    const known = this.#byAccount.get(account.index);
    if (known === undefined) return false;
    this.#end(known, tsMs);
    return true;
  }

  accountOf(key: string): AccountState | undefined {
    return this.#byKey.get(key)?.account;
  }

  /** The live key of an account, `null` without one. */
  keyOf(account: AccountState): string | null {
    return this.#byAccount.get(account.index)?.key ?? null;
  }

  /** All are unknown from now on, and nobody is told. */
  forgetAll(): void {
    this.#byKey.clear();
    this.#byAccount.clear();
  }

  /** Ends all of them now. */
  expireAll(tsMs: number): void {
    for (const entry of [...this.#byKey.values()]) this.#end(entry, tsMs);
  }

  /** Ends what has run out. */
  expire(tsMs: number): void {
    for (const entry of [...this.#byKey.values()]) if (entry.expiresTsMs <= tsMs) this.#end(entry, tsMs);
  }

  #end(entry: ListenKey, tsMs: number): void {
    this.#byKey.delete(entry.key);
    this.#byAccount.delete(entry.account.index);
    this.#onExpired(entry.key, entry.account, tsMs);
  }
}
