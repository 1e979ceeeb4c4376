/**
 * A thread of the generator: has its own connections, tickets and random numbers, and runs its share of one
 * stage after another. Whatever goes wrong in here that no request explains ends the thread, and with it the
 * run: a load test that went on with fewer senders would lie.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Alarm } from './alarm.ts';
import { ownInstantMs } from './clock.ts';
import { Http1Transport } from './http1.ts';
import { Http2Transport } from './http2.ts';
import type { FromWorker, ToWorker, WorkerPlan } from './messages.ts';
import { RequestMaker } from './requests.ts';
import { scheduleOf } from './schedule.ts';
import { StageRecord } from './stage-record.ts';
import { StageSender } from './stage-sender.ts';
import type { Line, Transport } from './transport.ts';

type Prepare = Extract<ToWorker, { kind: 'prepare' }>;

const plan: WorkerPlan = workerData;
const transport: Transport =
  plan.protocol === 'http1' ? new Http1Transport(plan.targets) : new Http2Transport(plan.targets);
// Far apart, so that neighbours do not ask the same things.
const requests = new RequestMaker(plan.mix, plan.seed + plan.worker * 1_000_003, plan.tickets);
const alarm = new Alarm();

let prepared: { readonly order: Prepare; readonly lines: readonly Line[] } | undefined;

parentPort?.on('message', (message: ToWorker) => {
  void obey(message).catch((error: unknown) => {
    // Out of the promise, so that it ends the thread with its own words.
    setImmediate(() => {
      throw error;
    });
  });
});

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'prepare':
      prepared = { order: message, lines: await transport.open(message.users) };
      tell({ kind: 'ready' });
      return;
    case 'go':
      await send(ownInstantMs(message.startAtMs));
      return;
    case 'stop':
      transport.close();
      alarm.close();
      parentPort?.close();
  }
}

async function send(startAtMs: number): Promise<void> {
  if (prepared === undefined) throw new Error('bug: a stage that was not prepared');
  const { order, lines } = prepared;
  const sender = new StageSender({
    schedule: scheduleOf(order.shape),
    worker: plan.worker,
    workers: order.workers,
    lines,
    requests,
    record: new StageRecord(order.warmSeconds, (tally) => tell({ kind: 'second', tally })),
    alarm,
    requestTimeoutMs: plan.requestTimeoutMs,
    startAtMs,
  });
  tell({ kind: 'done', part: await sender.run() });
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}
