/** How often an engine did what, as plain numbers for whoever looks. */

/** Counts since the engine was made. */
export interface EngineCounts {
  accepted: number;
  rejected: number;
  repeated: number;
  /** Committed transitions. */
  events: number;
  /** Decisions made again because another writer was faster. */
  conflicts: number;
  /** How often states in memory turned out to hold what did not happen, and were forgotten. */
  setbacks: number;
}

export function noCounts(): EngineCounts {
  return { accepted: 0, rejected: 0, repeated: 0, events: 0, conflicts: 0, setbacks: 0 };
}
