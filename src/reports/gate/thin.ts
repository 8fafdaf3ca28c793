/** At most `most` of the rows, evenly spread, first and last always: a report is read, not fed to a program. */
export function thin<Row>(rows: readonly Row[], most: number): Row[] {
  if (rows.length <= most) return [...rows];
  const step = (rows.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => rows[Math.round(index * step)]!);
}
