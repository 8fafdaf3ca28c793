/**
 * The known words within two edits of a typed word, nearest first; ties keep the order of `known`.
 * An edit is an insertion, deletion, substitution or swap of neighbours (optimal string alignment).
 */
export function nearMisses(word: string, known: readonly string[], limit = 3): string[] {
  const typed = word.toLowerCase();
  const allowed = Math.max(1, Math.min(2, Math.floor(word.length / 3)));
  return known
    .map((candidate, order) => ({ candidate, order, distance: editDistance(typed, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((left, right) => left.distance - right.distance || left.order - right.order)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      let best = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (isSame ? 0 : 1));
      const isSwap =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (isSwap) best = Math.min(best, beforePrevious[column - 2]! + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length]!;
}
