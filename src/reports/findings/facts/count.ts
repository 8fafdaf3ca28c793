/** Names beyond this are counted together: a name may hold an id, and ids do not end. */
const NAMES_MAX = 500;

/** How often each name came, and the first example of it. */
export class Count {
  readonly #byName = new Map<string, { n: number; example: string }>();
  total = 0;

  add(name: string, example = ""): void {
    this.total += 1;
    const key = this.#byName.has(name) || this.#byName.size < NAMES_MAX ? name : "(further)";
    const known = this.#byName.get(key);
    if (known === undefined) this.#byName.set(key, { n: 1, example });
    else known.n += 1;
  }

  of(name: string): number {
    return this.#byName.get(name)?.n ?? 0;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Most frequent first, ties by name. */
  list(): { readonly name: string; readonly n: number; readonly example: string }[] {
    return [...this.#byName]
      .map(([name, { n, example }]) => ({ name, n, example }))
      .sort((left, right) => right.n - left.n || (left.name < right.name ? -1 : 1));
  }

  /** `GALAUSDT, MKRUSDT and 2 more` */
  names(shown = 4): string {
    const names = this.list().map(({ name }) => name);
    const more = names.length - shown;
    return more > 0 ? `${names.slice(0, shown).join(", ")} and ${more} more` : names.join(", ");
  }
}

/** The value of a key, made when it is missing. */
export function need<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Entries of a map by their text key: an order that does not depend on arrival. */
export function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}
