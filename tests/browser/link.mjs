/** A bad link, whose luck comes from a seed. */

/** Each way: how many of 100 packets are lost, and for how many ms the others are on the way. */
export const LOSS = 10;
export const DELAY = 20;
export const JITTER = 4;
/** So many of 100 packets come this much later, behind one or two that were sent after them. */
const STRAGGLERS = 3;
export const LATENESS = 25;

/** Numbers from 0 to 1: mulberry32. @param {number} seed */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One direction of it. The fate of the nth packet is always the same. */
export class Link {
  lost = 0;
  /** Of those that arrived, in ms, with what this machine was late. @type {number[]} */
  delays = [];
  #random;

  #loss;

  /** @param {number} seed @param {number} loss  of 100 packets */
  constructor(seed, loss = LOSS) {
    this.#random = random(seed);
    this.#loss = loss;
  }

  get crossed() {
    return this.delays.length;
  }

  /** @param {() => void} deliver  called when the packet arrives, if it does */
  cross(deliver) {
    const [fate, straggle, jitter] = [this.#random(), this.#random(), this.#random()];
    if (fate * 100 < this.#loss) {
      this.lost += 1;
      return;
    }
    const since = performance.now();
    const arrive = () => {
      this.delays.push(performance.now() - since);
      deliver();
    };
    setTimeout(arrive, DELAY + jitter * JITTER + (straggle * 100 < STRAGGLERS ? LATENESS : 0));
  }
}
