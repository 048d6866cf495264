/** How near the time of a push must be to the time that was set: pushes and clocks are milliseconds old, jumps are long. */
const NEAR_MS = 60_000;

interface Jump {
  step: string;
  offsetMs: number;
  seen: boolean;
}

/**
 * Whether the clock of the server has followed a jump. Only the server can tell: in `acceptedAt` of what it accepts
 * afterwards. A program that reads its clock around the C library does not follow, and then the fault has not fired.
 */
export class SubjectClock {
  readonly jumps: Jump[] = [];
  /** How far the clock was from that of the kit before any jump: nobody says that they agree. */
  #skewMs = 0;

  jumped(step: string, offsetMs: number): void {
    this.jumps.push({ step, offsetMs, seen: false });
  }

  noteAcceptedAt(epochMs: number, now: number): void {
    const last = this.jumps.at(-1);
    if (last === undefined) this.#skewMs = epochMs - now;
    else if (Math.abs(epochMs - now - this.#skewMs - last.offsetMs) < NEAR_MS) last.seen = true;
  }
}
