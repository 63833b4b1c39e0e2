import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Loaded before a program with `--import`: at its end it writes the most memory that it was seen to hold, in bytes, on the heap and
 * beside it. Garbage is collected before each look, because what is garbage is no sign of anything: how much of it a process lets
 * lie, and how much freed memory its allocator keeps, depends on how long it runs.
 */
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
let heldBytes = 0;
const look = () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  heldBytes = Math.max(heldBytes, heapUsed + external);
};
setInterval(look, 250).unref();
process.on('exit', () => {
  look();
  process.stderr.write(`held at most ${heldBytes} bytes\n`);
});
