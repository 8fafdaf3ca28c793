import type { PreflightCheck } from "./preflight-facts.ts";

const NAMED = 5;

export const ok = (name: string, text: string): PreflightCheck => ({ name, state: "ok", text, fix: null });
export const warn = (name: string, text: string, fix: string | null = null): PreflightCheck => ({
  name,
  state: "warn",
  text,
  fix,
});
export const refuse = (name: string, text: string, fix: string): PreflightCheck => ({
  name,
  state: "refuse",
  text,
  fix,
});

/** The first words of a list, and how many more there are. */
export function listed(words: readonly string[]): string {
  const more = words.length - NAMED;
  return more > 0 ? `${words.slice(0, NAMED).join(", ")} and ${more} more` : words.join(", ");
}
