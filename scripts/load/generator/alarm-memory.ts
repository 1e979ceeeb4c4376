/**
 * What a worker and the thread of its alarm share. The instant is written before the number of orders rises.
 */

export interface AlarmMemory {
  /** One number: how many orders there were; `cancelled` ends the thread. */
  readonly orders: Int32Array<SharedArrayBuffer>;
  /** One instant of the shared clock, in milliseconds: when to ring. */
  readonly instants: Float64Array<SharedArrayBuffer>;
}

export const cancelled = -1;
export const alarmMemoryBytes = 16;

export function alarmMemory(buffer: SharedArrayBuffer): AlarmMemory {
  return { orders: new Int32Array(buffer, 0, 1), instants: new Float64Array(buffer, 8, 1) };
}
