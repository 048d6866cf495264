/** What crossed links, and what was kept from them. Bytes; a connection that was kept from opening counts as one. */
export interface LinkTraffic {
  readonly carried: number;
  readonly blocked: number;
}

/** The links of one node to the other nodes and to the services, both those of its own command and those that lead to it. */
export interface Links {
  /** The ways are CUT_WAYS of the history. */
  cut(way: 'both' | 'out' | 'in' | 'half-open' | 'refused'): Promise<void>;
  /** Each way takes so many milliseconds more. */
  delay(ms: number): Promise<void>;
  /** Whole and fast again. Connections of which bytes were lost are reset. */
  heal(): Promise<void>;
  /** Since they were made. Undefined: a command of the user cuts them, and nobody counts. */
  readonly traffic: LinkTraffic | undefined;
}
