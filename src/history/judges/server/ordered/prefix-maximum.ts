/** More steps than this are thinned out: what is forgotten is not judged, and nothing else changes. */
const MAX_STEPS = 4_096;

/**
 * Which greatest number came with anything up to a place? Only steps upward are kept, in the order of their places.
 * With both signs turned it tells the least number of what comes after a place.
 */
export class PrefixMaximum<Name> {
  #places: number[] = [];
  #numbers: number[] = [];
  #names: Name[] = [];

  add(place: number, number: number, name: Name): void {
    const at = this.#countBelow(place);
    // What is at the same place or before it, and as great, makes this one needless.
    if (at > 0 && (this.#numbers[at - 1] as number) >= number) return;
    let end = at;
    while (end < this.#places.length && (this.#numbers[end] as number) <= number) end += 1;
    this.#places.splice(at, end - at, place);
    this.#numbers.splice(at, end - at, number);
    this.#names.splice(at, end - at, name);
    if (this.#places.length > MAX_STEPS) this.#thin();
  }

  /** The greatest number that came with a place below this one, and its name. */
  below(place: number): { number: number; name: Name } | undefined {
    const at = this.#countBelow(place) - 1;
    return at < 0 ? undefined : { number: this.#numbers[at] as number, name: this.#names[at] as Name };
  }

  /** How many places are below this one: most questions are about the end. */
  #countBelow(place: number): number {
    const places = this.#places;
    let high = places.length;
    if (high === 0 || (places[high - 1] as number) < place) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((places[middle] as number) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #thin(): void {
    const keep = (_: unknown, i: number) => i % 2 === 0;
    this.#places = this.#places.filter(keep);
    this.#numbers = this.#numbers.filter(keep);
    this.#names = this.#names.filter(keep);
  }
}
