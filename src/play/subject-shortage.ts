import type { Resource } from '../../schemas/index.js';
import type { Untimed } from './untimed.js';

/**
 * Whether the subject has felt what was taken from it. Only its behaviour tells: it refuses, closes, ends, or does not
 * let anybody in. A program that writes elsewhere than into its data folder feels nothing, and then the fault has not fired.
 */
export class SubjectShortage {
  #taken: { resource: Resource; giveBack: () => void; step: string; felt: boolean } | undefined;

  begin(resource: Resource, step: string, giveBack: () => void): void {
    this.#taken = { resource, giveBack, step, felt: false };
  }

  /** Gives the resource back. Returns what came of it; undefined: nothing was taken. */
  end(): { resource: Resource; step: string; felt: boolean } | undefined {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.giveBack();
    return taken;
  }

  note(event: Untimed): void {
    if (this.#taken !== undefined && isSign(event)) this.#taken.felt = true;
  }
}

const isSign = (event: Untimed): boolean =>
  (event.kind === 'got' && 'status' in event.packet && event.packet.status === 'rejected') ||
  (event.kind === 'closed' && event.by === 'subject') ||
  event.kind === 'refused' ||
  (event.kind === 'subject' && event.event === 'exited');
