/** The thread of an alarm: see alarm.ts. It sleeps, and does nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { alarmMemory, cancelled } from './alarm-memory.ts';
import { sharedNowMs } from './clock.ts';

const buffer: SharedArrayBuffer = workerData;
const { orders, instants } = alarmMemory(buffer);

for (let rung = 0; ; ) {
  const order = Atomics.load(orders, 0);
  if (order === cancelled) break;
  if (order === rung) {
    Atomics.wait(orders, 0, rung);
    continue;
  }
  const leftMs = (instants[0] ?? 0) - sharedNowMs();
  if (leftMs > 0 && Atomics.wait(orders, 0, order, leftMs) !== 'timed-out') continue;
  rung = order;
  parentPort?.postMessage(undefined);
}
