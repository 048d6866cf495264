/** From so many on what is old may be forgotten. */
const KEPT = 4_096;

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A moment for which a page speaks: somewhere between the request and the answer. */
export interface Moment {
  readonly askedAt: number;
  readonly at: number;
}

/** Things that were counted by the server at an unknown moment: not before `early`, not after `late`. */
export class Series {
  #early: number[] = [];
  #late: number[] = [];
  #sure: boolean[] = [];
  #least: number[] = [];
  #most: number[] = [];

  /** `least` and `most` bound a size that goes with it. */
  add(early: number, late: number, sure = true, least = 0, most = 0): void {
    this.#early.push(early);
    this.#late.push(late);
    this.#sure.push(sure);
    this.#least.push(least);
    this.#most.push(most);
  }

  /** How many were counted after one page and up to another, and the sum of their sizes. */
  between(from: Moment, to: Moment): { count: Range; size: Range } {
    let [low, high, least, most] = [0, 0, 0, 0];
    for (let i = 0; i < this.#early.length; i += 1) {
      const early = this.#early[i] as number;
      const late = this.#late[i] as number;
      if (early > to.at || late <= from.askedAt) continue;
      high += 1;
      most += this.#most[i] as number;
      if (!this.#sure[i] || early <= from.at || late > to.askedAt) continue;
      low += 1;
      least += this.#least[i] as number;
    }
    return { count: { low, high }, size: { low: least, high: most } };
  }

  forgetBefore(at: number): void {
    if (this.#early.length < KEPT || (this.#late[0] as number) > at) return;
    const keep = this.#late.findIndex((late) => late > at);
    const from = keep < 0 ? this.#late.length : keep;
    this.#early = this.#early.slice(from);
    this.#late = this.#late.slice(from);
    this.#sure = this.#sure.slice(from);
    this.#least = this.#least.slice(from);
    this.#most = this.#most.slice(from);
  }
}
