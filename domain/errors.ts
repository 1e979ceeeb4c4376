/**
 * The one table of everything that can go wrong, by code. `kind` says whose fault it is: a rejection is an
 * answer (the caller may not do this), a fault is the world failing (thrown). Bugs are assertions, not here.
 */

export interface ErrorEntry {
  readonly kind: 'rejection' | 'fault';
  /** Whether the same call may succeed later without being changed. */
  readonly retry: boolean;
  readonly meaning: string;
}

export const errorTable = {
  invalid_command: { kind: 'rejection', retry: false, meaning: 'The command does not have the right shape.' },
  illegal_transition: {
    kind: 'rejection',
    retry: false,
    meaning: "The ticket's workflow has no such transition from its present state.",
  },
  role_not_permitted: {
    kind: 'rejection',
    retry: false,
    meaning: 'The transition exists, but not for the role of whoever asked.',
  },
  condition_unmet: { kind: 'rejection', retry: false, meaning: 'A guard of the transition does not hold.' },
  ticket_not_found: { kind: 'rejection', retry: false, meaning: 'No ticket has this id.' },
  ticket_exists: { kind: 'rejection', retry: false, meaning: 'A ticket with this id is already open.' },
  revision_conflict: {
    kind: 'rejection',
    retry: false,
    meaning: 'The ticket is not at the revision that the caller expected.',
  },
  command_id_reused: {
    kind: 'rejection',
    retry: false,
    meaning: 'The command id was used before, with another body.',
  },
  workflow_unknown: { kind: 'rejection', retry: false, meaning: 'No workflow has this name and version.' },
  access_denied: {
    kind: 'rejection',
    retry: false,
    meaning: 'The access rules do not allow this to the roles of whoever asked.',
  },
  actor_not_permitted: {
    kind: 'rejection',
    retry: false,
    meaning: 'The credential may not act in the name of this actor.',
  },
  policy_invalid: { kind: 'rejection', retry: false, meaning: 'The access policy can not be used as it is.' },
  policy_conflict: {
    kind: 'rejection',
    retry: false,
    meaning: 'The access policy is not at the version that the caller expected.',
  },
  key_unknown: { kind: 'rejection', retry: false, meaning: 'No API key has this id.' },
  webhook_unknown: { kind: 'rejection', retry: false, meaning: 'No webhook source has this name.' },
  webhook_unsigned: {
    kind: 'rejection',
    retry: false,
    meaning: "The delivery's signature is missing, wrong or too old.",
  },
  webhook_unreadable: {
    kind: 'rejection',
    retry: false,
    meaning: 'The delivery can not be read as what its source sends.',
  },
  dead_letter_unknown: { kind: 'rejection', retry: false, meaning: 'No dead letter has this id.' },
  contention: {
    kind: 'rejection',
    retry: true,
    meaning:
      'Other writers changed the ticket at each of a bounded number of tries, or somebody else is giving the same command.',
  },
  overloaded: { kind: 'fault', retry: true, meaning: 'A bounded queue is full.' },
  log_locked: { kind: 'fault', retry: false, meaning: 'Another process is writing to this log.' },
  log_damaged: { kind: 'fault', retry: false, meaning: 'The log holds bytes that no crash can explain.' },
  log_failed: {
    kind: 'fault',
    retry: false,
    meaning: 'A write or sync failed; the log takes nothing more in this process.',
  },
  log_unreadable: {
    kind: 'fault',
    retry: true,
    meaning: 'A file of the log could not be read; that does not say that anything is lost.',
  },
  snapshot_dropped: {
    kind: 'fault',
    retry: true,
    meaning: 'The states of the tickets could not be saved; the log holds everything.',
  },
  log_closed: { kind: 'fault', retry: false, meaning: 'The log was closed.' },
  journal_failed: {
    kind: 'fault',
    retry: false,
    meaning: 'A journal could not be written; it takes nothing more in this process.',
  },
  journal_damaged: {
    kind: 'fault',
    retry: false,
    meaning: 'A journal holds bytes that no crash can explain.',
  },
  journal_full: { kind: 'fault', retry: false, meaning: 'A journal holds as much as it may.' },
  file_exposed: {
    kind: 'fault',
    retry: false,
    meaning: "Other users of the machine can get at a file that must be its owner's alone.",
  },
  projector_fenced: {
    kind: 'fault',
    retry: false,
    meaning: 'Another projector has taken over this projection.',
  },
  projection_failed: { kind: 'fault', retry: false, meaning: 'An event could not be projected.' },
  database_unavailable: { kind: 'fault', retry: true, meaning: 'PostgreSQL can not be reached or started.' },
  input_unreadable: { kind: 'fault', retry: false, meaning: 'A file can not be read as what it should be.' },
  output_unwritable: { kind: 'fault', retry: true, meaning: 'A file could not be written.' },
  credential_refused: {
    kind: 'fault',
    retry: false,
    meaning: 'The Docket server does not take the credential that it was sent, or got none.',
  },
  server_unreachable: { kind: 'fault', retry: true, meaning: 'The Docket server can not be reached.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
export type RejectionCode = {
  [C in ErrorCode]: (typeof errorTable)[C]['kind'] extends 'rejection' ? C : never;
}[ErrorCode];
export type FaultCode = Exclude<ErrorCode, RejectionCode>;

/** The world failed: thrown by adapters and the engine, told apart by `code`, never by message. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly retry: boolean;

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Fault';
    this.code = code;
    this.retry = errorTable[code].retry;
  }
}
