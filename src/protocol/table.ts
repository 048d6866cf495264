/** One cell of a machine: the state that follows, and what the owner of the machine has to do, in this order. */
export interface Cell<State extends string, Effect extends string> {
  readonly to: State;
  readonly effects: readonly Effect[];
}

/** Every state × every event. The compiler refuses a table with a hole. */
export type Table<State extends string, Event extends string, Effect extends string> = Readonly<
  Record<State, Readonly<Record<Event, Cell<State, Effect>>>>
>;

export const go = <State extends string, Effect extends string>(
  to: State,
  ...effects: Effect[]
): Cell<State, Effect> => ({ to, effects });
