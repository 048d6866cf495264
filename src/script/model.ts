import type {
  ClientAction,
  DurationSpec,
  FaultCell,
  RequirementId,
  ServerAction,
  ServerClass,
} from '../../schemas/index.js';
import type { Needs } from './needs.js';
import type { SweepChoice } from './sweep.js';

/** One step of a script, its ranges, rounds and cells already expanded. */
export type Step =
  | { kind: 'client'; path: string; client: string; action: ClientAction; text: string }
  | { kind: 'server'; path: string; action: ServerAction; text: string }
  | { kind: 'together'; path: string; steps: Step[]; text: string }
  | { kind: 'waits'; path: string; duration: DurationSpec; because: string; text: string };

export interface ClientSpec {
  name: string;
  /** The client whose user this one shares. */
  userOf?: string;
  /** How its user id is made of that of another client: `{user:alice}-b`. */
  user?: string;
  device: string;
  /** `present`: connected before the script. `away`: was connected once. `absent`: never connected. */
  start: 'present' | 'away' | 'absent';
  autoAcks: boolean;
  /** Its packets travel in so many WebSocket fragments. */
  fragments?: number;
}

/** One cell of a scenario file: everything that is needed to run it. */
export interface Scenario {
  /** Path without ending, then `#cell` when there is a matrix: `server/core/plain-exchange`. */
  id: string;
  title: string;
  class: ServerClass;
  proves: RequirementId[];
  seenIn: string[];
  about?: string;
  file: string;
  /** Members of the description without which the scenario does not apply. */
  requires: string[];
  /** Further classes that the subject must claim. */
  alsoNeeds: ServerClass[];
  /** The cells of the fault matrix that it plays. */
  cells: FaultCell[];
  clients: ClientSpec[];
  bystanders: boolean;
  settle: { resends: boolean; reconnects: boolean };
  steps: Step[];
  /** The same script with other points of its sweeps. */
  stepsFor: (choice: SweepChoice) => Step[];
  /** It has a sweep, so `stepsFor` can give other steps. */
  sweeps: boolean;
  /** Must have the subject to itself. */
  exclusive: boolean;
  /** Kills, stops or freezes the subject: needs a process that the kit started. */
  needsControl: boolean;
  /** What else the kit must be able to do. */
  needs: Needs;
}
