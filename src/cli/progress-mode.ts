/** Values of `--progress`; apart from `progress.ts`, so that help loads nothing else. */
export const PROGRESS_MODES = ["auto", "bar", "plain", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];
