/**
 * Takes deliveries: who sent it, whether it is new, what it means, and what became of it. An answer is given
 * only when everything that it says is durable: events in the log, letters in their journal. What could not
 * be carried out is kept as a letter; what could not be kept is refused, for the source to send again.
 */
import type { Access, Guard } from '../../domain/access/guard.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { Fault } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { type CarriedOut, type CarryOutParts, carryOut, mappingProblem } from './carry-out.ts';
import type { LetterProblem } from './delivery-events.ts';
import { allowedHeaders, bodyDigest, type Delivered, type Envelope } from './envelope.ts';
import { InTurn } from './in-turn.ts';
import { type Letters, letterId, type OpenLetter } from './letters.ts';
import { type WebhookLimits, webhookLimits } from './limits.ts';
import { identify, MappingProblem, type Reading, readEnvelope } from './mapping.ts';
import { readDelivered, UnreadableDelivery } from './read-body.ts';
import { isSigned } from './signature.ts';
import type { Source, Sources } from './sources.ts';

/** A request as it came, header names in lower case. */
export interface Incoming {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly body: Buffer;
}

/** What became of one delivery. */
export interface Taken {
  readonly id: string;
  /**
   * `applied`: it changed a ticket. `unchanged`: what it says was so already, or is outdated. `duplicate`: it
   * was dealt with before. `ignored`: no rule is for it. `kept`: see the letter.
   */
  readonly status: 'applied' | 'unchanged' | 'duplicate' | 'ignored' | 'kept';
  /** New events in the log. */
  readonly events: number;
  readonly letter?: string;
  /** Why it was kept. */
  readonly code?: string;
}

/**
 * Said to whoever sent it, and nothing else: not whether a source is merely switched off, nor how a signature
 * was wrong.
 */
export class DeliveryRefused extends Error {
  readonly code: 'webhook_unknown' | 'webhook_unsigned' | 'webhook_unreadable';

  constructor(code: DeliveryRefused['code'], message: string) {
    super(message);
    this.name = 'DeliveryRefused';
    this.code = code;
  }
}

/** Counts since the start, by source. */
export interface DeliveryCounts {
  applied: number;
  unchanged: number;
  duplicate: number;
  ignored: number;
  kept: number;
  refused: number;
}

export interface IntakeOptions extends Omit<CarryOutParts, 'letters'> {
  readonly sources: Sources;
  readonly letters: Letters;
  readonly access: Access;
  readonly clock: Clock;
  readonly limits?: Partial<WebhookLimits>;
  /** Gets what went wrong after a delivery was already answered for. */
  readonly report: (error: unknown) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #limits: WebhookLimits;
  readonly #turns = new InTurn();
  readonly #counts = new Map<string, DeliveryCounts>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#limits = { ...webhookLimits, ...options.limits };
  }

  counts(source: string): DeliveryCounts {
    const known = this.#counts.get(source);
    if (known !== undefined) return known;
    const none = { applied: 0, unchanged: 0, duplicate: 0, ignored: 0, kept: 0, refused: 0 };
    this.#counts.set(source, none);
    return none;
  }

  /** Throws `DeliveryRefused`, and `Fault` where the source is to send it again. */
  async take(name: string, incoming: Incoming): Promise<readonly Taken[]> {
    const source = this.#options.sources.get(name);
    // A source without a secret is off, and must look as if there were none.
    if (source?.credentials === undefined) {
      throw new DeliveryRefused('webhook_unknown', 'there is no such webhook source');
    }
    const counts = this.counts(name);
    const now = this.#options.clock.now();
    const rules = { schemes: source.compiled.definition.signature, ...source.credentials };
    if (!isSigned(incoming, rules, now)) {
      counts.refused += 1;
      throw new DeliveryRefused('webhook_unsigned', 'the signature is missing, wrong or too old');
    }
    const envelopes = this.#read(source, incoming, counts);
    const taken: Taken[] = [];
    for (const envelope of envelopes) {
      const one = await this.#takeOne(source, envelope);
      counts[one.status] += 1;
      taken.push(one);
    }
    return taken;
  }

  /** Tries an open letter again, by the rules as they are now. The reason where it was refused again. */
  async replay(letter: OpenLetter, by: string): Promise<LetterProblem | undefined> {
    const { letters, sources } = this.#options;
    const source = sources.get(letter.envelope.source);
    if (source === undefined) {
      const message = `there is no webhook source ${letter.envelope.source} any more`;
      return { code: 'webhook_unknown', message, legal: [] };
    }
    const reading = readOrProblem(source, letter.envelope);
    if (reading === undefined || 'code' in reading) {
      await letters.replayed(letter.id, by, reading);
      return reading;
    }
    return this.#turns.run(reading.ticketId, async () => {
      if (letters.get(letter.id) === undefined) return undefined;
      const { problem, events } = await carryOut(reading, this.#guardOf(reading.source), this.#options);
      await letters.replayed(letter.id, by, problem);
      if (events > 0) await this.#retryLetters(reading.ticketId);
      return problem;
    });
  }

  #read(source: Source, incoming: Incoming, counts: DeliveryCounts): readonly Envelope[] {
    try {
      return envelopesOf(source, incoming, this.#options.clock.now(), this.#limits);
    } catch (error) {
      if (!(error instanceof UnreadableDelivery)) throw error;
      counts.refused += 1;
      throw new DeliveryRefused('webhook_unreadable', error.message);
    }
  }

  async #takeOne(source: Source, envelope: Envelope): Promise<Taken> {
    const { letters } = this.#options;
    const { id } = envelope;
    const letter = letterId(envelope.source, id);
    const open = letters.get(letter);
    if (open !== undefined) return { id, status: 'kept', events: 0, letter, code: open.problem.code };
    if (letters.isClosed(letter)) return { id, status: 'duplicate', events: 0 };
    const reading = readOrProblem(source, envelope);
    if (reading === undefined) return { id, status: 'ignored', events: 0 };
    if ('code' in reading) {
      await letters.keep({ id: letter, at: envelope.receivedAt, problem: reading, envelope });
      return { id, status: 'kept', events: 0, letter, code: reading.code };
    }
    return this.#turns.run(reading.ticketId, async () => {
      const done = await carryOut(reading, this.#guardOf(reading.source), this.#options);
      if (done.problem !== undefined) await this.#keep(reading, envelope, done, done.problem);
      if (done.events > 0) await this.#retryLetters(reading.ticketId);
      return takenOf(envelope, letter, done);
    });
  }

  async #keep(
    { rule, ticketId, at }: Reading,
    envelope: Envelope,
    { early }: CarriedOut,
    problem: LetterProblem,
  ): Promise<void> {
    const id = letterId(envelope.source, envelope.id);
    const { letters } = this.#options;
    // The same delivery may have come twice at once, and waited here for its own turn.
    if (letters.get(id) !== undefined || letters.isClosed(id)) return;
    const waits = early ? { earlyUntil: envelope.receivedAt + this.#limits.earlyMsMax } : {};
    await letters.keep({ id, rule, ticketId, at, problem, ...waits, envelope });
  }

  /**
   * Goes through a ticket's letters, oldest first, as long as that changes the ticket: what could not be done
   * before may have lacked only what has arrived now. The delivery that led here is durable already, so a
   * fault is only reported.
   */
  async #retryLetters(ticketId: TicketId): Promise<void> {
    const { letters, report } = this.#options;
    const { retryRoundsMax, retryLettersMax } = this.#limits;
    try {
      for (let round = 0; round < retryRoundsMax; round += 1) {
        let events = 0;
        for (const letter of letters.ofTicket(ticketId).slice(0, retryLettersMax))
          events += await this.#retry(letter);
        if (events === 0) return;
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      report(error);
    }
  }

  /** How many events it made. A refusal is not written down again: nobody asked for this try. */
  async #retry(letter: OpenLetter): Promise<number> {
    const { sources, letters } = this.#options;
    const source = sources.get(letter.envelope.source);
    const reading = source === undefined ? undefined : readOrProblem(source, letter.envelope);
    // By changed rules it may be about another ticket: that is for whoever replays it.
    if (reading === undefined || 'code' in reading || reading.ticketId !== letter.ticketId) return 0;
    const { events, problem } = await carryOut(reading, this.#guardOf(reading.source), this.#options);
    if (problem === undefined) await letters.replayed(letter.id, 'docket', undefined);
    return events;
  }

  #guardOf(source: string): Guard {
    return this.#options.access.guardOf(integrationPrincipal(source));
  }
}

/** Whom the access rules see: the role `integration`, and the source's name as who it is. */
export function integrationPrincipal(source: string): Principal {
  return {
    id: `webhook:${source}`,
    actor: { id: source, role: 'integration' },
    roles: ['integration'],
    groups: [],
    scopes: new Set(['tickets:read', 'tickets:write', 'actors:any']),
    isActive: () => true,
  };
}

/** The envelopes of a request whose signature was checked. Throws `UnreadableDelivery`. */
export function envelopesOf(
  { name, compiled }: Source,
  incoming: Incoming,
  receivedAt: number,
  limits: WebhookLimits,
): readonly Envelope[] {
  const { cloudEvents, headers } = compiled.definition;
  return readDelivered(incoming, cloudEvents, limits).map((delivered) => {
    const { query, body, data } = delivered;
    const parts = { source: name, query, headers: allowedHeaders(delivered.headers, headers), data };
    const { id, type } = identity(compiled, parts);
    return {
      id: shortId(id ?? bodyDigest(body, query), limits),
      type,
      receivedAt,
      source: name,
      query,
      headers: parts.headers,
      ...(data === undefined ? { dataBase64: body.toString('base64') } : { data }),
    } satisfies Delivered | Envelope;
  });
}

function identity(
  compiled: Source['compiled'],
  parts: Parameters<typeof identify>[1],
): ReturnType<typeof identify> {
  try {
    return identify(compiled, parts);
  } catch (error) {
    if (!(error instanceof MappingProblem)) throw error;
    throw new UnreadableDelivery('what tells the delivery from others is missing');
  }
}

/** Ids become part of command ids, which are bounded. */
function shortId(id: string, { deliveryIdCharactersMax }: WebhookLimits): string {
  return id.length <= deliveryIdCharactersMax ? id : bodyDigest(Buffer.from(id), '');
}

function readOrProblem({ compiled }: Source, envelope: Envelope): Reading | LetterProblem | undefined {
  try {
    return readEnvelope(compiled, envelope);
  } catch (error) {
    if (error instanceof MappingProblem) return mappingProblem(error);
    throw error;
  }
}

function takenOf({ id }: Envelope, letter: string, { events, problem }: CarriedOut): Taken {
  if (problem !== undefined) return { id, status: 'kept', events, letter, code: problem.code };
  return { id, status: events > 0 ? 'applied' : 'unchanged', events };
}
