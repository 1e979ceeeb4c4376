/**
 * Who is let in when more comes than can be answered: reads, writes and bulk requests each have a way in of
 * their own, so that none of them starves the others; health and streams need none. Whoever can not be let in
 * is refused before the request is authenticated or its body read, with an answer that was made beforehand.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpLimits } from '../limits.ts';
import type { Load } from '../load.ts';
import { AdaptiveLimit, fixedLimit } from './adaptive-limit.ts';
import { Lane, type Waiting } from './lane.ts';
import { OverloadAnswers } from './overload-answers.ts';
import { RefusalBudget } from './refusal-budget.ts';

/** `none` is not counted: health, which must answer under overload, and streams, which never end. */
export type LaneName = 'read' | 'write' | 'bulk' | 'none';
export type CountedLane = Exclude<LaneName, 'none'>;

/** How many of a kind are let in at once at present, are inside, and wait. */
export interface LaneStanding {
  readonly limit: number;
  readonly active: number;
  readonly waiting: number;
}

/** Resolves nothing and returns nothing: `admitted` is called at once, later, or never. */
export type Entrance = (request: FastifyRequest, reply: FastifyReply, admitted: () => void) => void;

declare module 'fastify' {
  interface FastifyRequest {
    place: Place | undefined;
  }
}

/** Answers that cost next to nothing, and would make the others look fast. */
const statusesNotMeasured: ReadonlySet<number> = new Set([401, 403, 429]);

/** How many times its time a sweep takes to come, where the process is short of time. */
const lateSweeps = 2;

export interface AdmissionOptions {
  readonly proxied: boolean;
  /** Told of each request that is refused because more came than can be answered. */
  readonly onRefused?: (lane: LaneName) => void;
}

export class Admission {
  readonly #limits: HttpLimits;
  readonly #load: Load;
  readonly #lanes: Readonly<Record<CountedLane, Lane>>;
  readonly #answers: OverloadAnswers;
  readonly #budget: RefusalBudget;
  readonly #window: NodeJS.Timeout;
  readonly #onRefused: (lane: LaneName) => void;
  #windowEndMs = performance.now();
  /** Runs only while requests wait. */
  #sweep: NodeJS.Timeout | undefined;
  #sweptAtMs = 0;

  constructor(limits: HttpLimits, load: Load, options: AdmissionOptions) {
    this.#limits = limits;
    this.#load = load;
    this.#onRefused = options.onRefused ?? (() => undefined);
    const { waitMsMax, bulkWaitMsMax, requestsInFlightMax: waitingMax } = limits;
    this.#lanes = {
      read: new Lane(new AdaptiveLimit(limits), { waitMsMax, waitingMax }),
      write: new Lane(new AdaptiveLimit(limits), { waitMsMax, waitingMax }),
      bulk: new Lane(fixedLimit(limits.bulkAtOnceMax), { waitMsMax: bulkWaitMsMax, waitingMax }),
    };
    this.#answers = new OverloadAnswers(options);
    this.#budget = new RefusalBudget(limits.refusalsPerSweepMax);
    this.#window = setInterval(() => this.#endWindow(), limits.measuringMs);
    this.#window.unref();
  }

  /** Made once for each route. */
  entrance(name: LaneName): Entrance {
    if (name === 'none') return (_request, _reply, admitted) => admitted();
    const lane = this.#lanes[name];
    const onRefused = () => this.#onRefused(name);
    const refuse = (request: FastifyRequest, reply: FastifyReply) => {
      onRefused();
      this.#answers.refuse(request, reply);
    };
    const way = { lane, onRefused, refuse };
    return (request, reply, admitted) => this.#enter(way, request, reply, admitted);
  }

  /** What it answers is made, and its place free for the next; sending it may take as long as it likes. */
  answered({ place }: FastifyRequest, { statusCode }: FastifyReply): void {
    this.#budget.answered();
    place?.leave(!statusesNotMeasured.has(statusCode));
  }

  /** Its answer is out, or its client gone: to be called once for every request. */
  ended(request: FastifyRequest): void {
    const { place } = request;
    // Without a place it was not counted.
    if (place === undefined) return;
    this.#load.giveRequest(request);
    place.leave(false);
  }

  /** For operators. */
  get standing(): Readonly<Record<CountedLane, LaneStanding>> {
    return { read: this.describe('read'), write: this.describe('write'), bulk: this.describe('bulk') };
  }

  describe(name: CountedLane): LaneStanding {
    const { limit, active, waiting } = this.#lanes[name];
    return { limit: limit.value, active, waiting };
  }

  stop(): void {
    clearInterval(this.#window);
    clearInterval(this.#sweep);
    this.#answers.resume(Number.POSITIVE_INFINITY, this.#answers.paused);
  }

  #enter(way: Way, request: FastifyRequest, reply: FastifyReply, admitted: () => void): void {
    if (!this.#load.takeRequest()) {
      way.onRefused();
      this.#answers.refuseAndPause(request, reply);
      this.#keepSweeping();
      return;
    }
    const place = new Place(way, request, reply, admitted);
    request.place = place;
    const entrance = way.lane.enter(place, performance.now());
    if (entrance === 'admitted') place.admit();
    else if (entrance === 'full') place.refuse();
    else this.#keepSweeping();
  }

  /** After a stall there may be answers to collect and room to be had: that goes before refusing. */
  #keepSweeping(): void {
    this.#sweep ??= setInterval(() => setImmediate(() => this.#refuseLate()), this.#limits.admissionSweepMs);
  }

  #refuseLate(): void {
    const nowMs = performance.now();
    const { requestsInFlightMax, refusedPauseMs, admissionSweepMs } = this.#limits;
    const budget = this.#budget.next(nowMs - this.#sweptAtMs > admissionSweepMs * lateSweeps);
    this.#sweptAtMs = nowMs;
    // Half of it for each: whoever is heard again may have to be refused again.
    let left = Math.ceil(budget / 2);
    let waiting = 0;
    for (const lane of Object.values(this.#lanes)) {
      left -= lane.refuseLate(nowMs, left);
      lane.admitWaiting(nowMs);
      waiting += lane.waiting;
    }
    const roomy = this.#load.requests < requestsInFlightMax / 2;
    this.#answers.resume(nowMs - refusedPauseMs, roomy ? this.#answers.paused : Math.ceil(budget / 2));
    if (waiting > 0 || this.#answers.paused > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #endWindow(): void {
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - this.#windowEndMs - this.#limits.measuringMs);
    this.#windowEndMs = nowMs;
    for (const lane of Object.values(this.#lanes)) {
      lane.limit.adjust(lateMs);
      lane.admitWaiting(nowMs);
    }
  }
}

/** Of one route: made once. */
interface Way {
  readonly lane: Lane;
  onRefused(): void;
  refuse(request: FastifyRequest, reply: FastifyReply): void;
}

/** A counted request's place: waiting, inside, or left. */
class Place implements Waiting {
  readonly #way: Way;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #admitted: () => void;
  #insideSinceMs: number | undefined;

  constructor(way: Way, request: FastifyRequest, reply: FastifyReply, admitted: () => void) {
    this.#way = way;
    this.#request = request;
    this.#reply = reply;
    this.#admitted = admitted;
  }

  gone(): boolean {
    return this.#reply.raw.destroyed || this.#reply.sent;
  }

  admit(): void {
    this.#insideSinceMs = performance.now();
    this.#admitted();
  }

  refuse(): void {
    this.#way.refuse(this.#request, this.#reply);
  }

  leave(measured: boolean): void {
    if (this.#insideSinceMs === undefined) return;
    const nowMs = performance.now();
    const tookMs = nowMs - this.#insideSinceMs;
    this.#insideSinceMs = undefined;
    this.#way.lane.leave(nowMs, measured ? tookMs : undefined);
  }
}
