/**
 * Loaded before a server by a test (`node --import`): it holds on to more and more, and has its heap collected
 * often enough that seconds show what takes days.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const everyMs = 100;
const numbersEach = 32 * 1024;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
const held: number[][] = [];
if (process.argv.includes('serve') && typeof collect === 'function') {
  setInterval(() => {
    held.push(Array.from({ length: numbersEach }, (_, index) => index + held.length / 2));
    collect();
  }, everyMs).unref();
}
