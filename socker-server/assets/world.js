// Who is where: what the server said last, and how it is shown between two snapshots.

/** @typedef {import('./wire.js').Peer & {trail: {x: number, y: number, at: number}[]}} Marker */

const TRAIL_MS = 400;
/** So long after the last input, the hand counts as resting. */
const REST_MS = 1000;

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const wholePlace = ({ x, y }) => [Math.round(x), Math.round(y)];

/** Its fields are for everyone to read and for its methods to write. */
export class World {
  // A stand-in until the server's Scene comes.
  width = 1600;
  height = 900;
  /** @type {import('./wire.js').Disc[]} */
  discs = [];
  /** Which of the peers we are. @type {number | null} */
  self = null;
  /** As the last snapshot has them. @type {Map<number, import('./wire.js').Peer>} */
  peers = new Map();
  /** As they are shown. @type {Map<number, Marker>} */
  markers = new Map();

  /** The own place as the server knows it, to our knowledge. */
  #told = '';
  #lastInput = -Infinity;
  /** Since the last advance. */
  #changed = false;

  /** @param {import('./wire.js').Scene} scene */
  furnish({ width, height, discs }) {
    Object.assign(this, { width, height, discs });
  }

  /** @param {import('./wire.js').Play} play */
  join({ id, hue }) {
    this.self = id;
    this.markers.set(id, { x: this.width / 2, y: this.height / 2, hue, trail: [] });
    this.#lastInput = -Infinity;
  }

  /** @param {import('./wire.js').Snapshot} snapshot */
  update({ peers }) {
    const { markers, self } = this;
    this.peers = peers;
    for (const id of markers.keys()) if (!peers.has(id) && id !== self) markers.delete(id);
    for (const [id, peer] of peers) if (!markers.has(id)) markers.set(id, { ...peer, trail: [] });
    this.#placeOwn(peers.get(self));
    this.#changed = true;
  }

  /** Everyone goes; the scenery stays. */
  leave() {
    this.self = null;
    this.peers = new Map();
    this.markers.clear();
    this.#changed = true;
  }

  /** The own marker follows the hand at once, without waiting for the server. */
  moveOwn(x, y) {
    const marker = this.#own();
    if (!marker) return;
    Object.assign(marker, { x: clamp(x, 0, this.width), y: clamp(y, 0, this.height) });
    this.#lastInput = performance.now();
    this.#changed = true;
  }

  moveOwnBy(dx, dy) {
    const marker = this.#own();
    if (marker) this.moveOwn(marker.x + dx, marker.y + dy);
  }

  /** The own place if the server has to hear of it, which the caller then sees to. */
  takeMove() {
    const marker = this.#own();
    if (!marker) return null;
    const place = wholePlace(marker);
    if (this.#told === place.join()) return null;
    this.#told = place.join();
    return place;
  }

  /**
   * Glides the others towards where the last snapshot has them, and draws all trails on.
   * Returns whether there is anything new to see.
   */
  advance(elapsed, now, withTrails) {
    let news = this.#changed;
    this.#changed = false;
    for (const [id, marker] of this.markers) {
      const goal = (id !== this.self && this.peers.get(id)) || marker;
      const arrived = Math.hypot(goal.x - marker.x, goal.y - marker.y) < 0.3;
      const share = arrived ? 1 : 1 - Math.exp(-elapsed / 45);
      marker.x += (goal.x - marker.x) * share;
      marker.y += (goal.y - marker.y) * share;
      if (extendTrail(marker, now, withTrails) || !arrived) news = true;
    }
    return news;
  }

  #own() {
    return this.markers.get(this.self);
  }

  /** While the hand rests, the server has the last word on our place (and it chose the first). */
  #placeOwn(peer) {
    const marker = this.#own();
    if (!peer || !marker || performance.now() - this.#lastInput < REST_MS) return;
    this.#told = wholePlace(peer).join();
    if (wholePlace(marker).join() !== this.#told) Object.assign(marker, { x: peer.x, y: peer.y, trail: [] });
  }
}

/** Returns whether there is a trail to see. @param {Marker} marker */
function extendTrail({ x, y, trail }, now, withTrails) {
  const last = trail.at(-1);
  if (last?.x !== x || last?.y !== y) trail.push({ x, y, at: now });
  // The newest point stays, however old: the next trail starts from there.
  while (trail.length > 1 && (!withTrails || now - trail[0].at > TRAIL_MS)) trail.shift();
  return trail.length > 1;
}
