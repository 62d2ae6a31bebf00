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
  crossed = 0;
  lost = 0;
  #random;

  /** @param {number} seed */
  constructor(seed) {
    this.#random = random(seed);
  }

  /** @param {() => void} deliver  called when the packet arrives, if it does */
  cross(deliver) {
    const [fate, straggle, jitter] = [this.#random(), this.#random(), this.#random()];
    if (fate * 100 < LOSS) {
      this.lost += 1;
      return;
    }
    this.crossed += 1;
    setTimeout(deliver, DELAY + jitter * JITTER + (straggle * 100 < STRAGGLERS ? LATENESS : 0));
  }
}
