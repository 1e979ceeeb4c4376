/**
 * Wakes a worker at an instant, to a tenth of a millisecond. Node's own timers count whole milliseconds: they
 * made every request half a millisecond late on average, which is half of what a quick server takes. Spinning
 * would be more exact, on a core that the server may need. So a thread of its own sleeps until the instant
 * (Atomics.wait takes fractions) and sends a message, and sleeps for good while nothing is asked.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { alarmMemory, alarmMemoryBytes, cancelled } from './alarm-memory.ts';
import { sharedNowMs } from './clock.ts';

/**
 * Waking costs some 50 µs of CPU, on cores that the server may need: what is due within this after it rang
 * waits for the next time, which shows as send delay. Up to 1,000 requests a second each is rung for; beyond,
 * a ring for each quarter of a millisecond took more of a core than the requests themselves.
 */
const pauseMs = 1;

export class Alarm {
  readonly #memory = alarmMemory(new SharedArrayBuffer(alarmMemoryBytes));
  readonly #thread: Worker;
  #set = false;
  #notBeforeMs = 0;
  #onRing = () => {};

  constructor() {
    const options = { workerData: this.#memory.orders.buffer, execArgv: [] };
    this.#thread = new Worker(join(import.meta.dirname, 'alarm-thread.ts'), options);
    this.#thread.on('message', () => {
      this.#set = false;
      this.#notBeforeMs = performance.now() + pauseMs;
      this.#onRing();
    });
    // Without it nothing would be sent any more, in silence.
    this.#thread.on('error', (error) => {
      throw error;
    });
  }

  onRing(listener: () => void): void {
    this.#onRing = listener;
  }

  /** Rings once, at this instant of `performance.now()` or soon after; if it is set already, only as set. */
  set(atMs: number): void {
    if (this.#set) return;
    this.#set = true;
    const nowMs = performance.now();
    this.#memory.instants[0] = sharedNowMs() + Math.max(atMs, this.#notBeforeMs) - nowMs;
    Atomics.add(this.#memory.orders, 0, 1);
    Atomics.notify(this.#memory.orders, 0);
  }

  close(): void {
    Atomics.store(this.#memory.orders, 0, cancelled);
    Atomics.notify(this.#memory.orders, 0);
  }
}
