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

  /** How fast the own marker may move, in units a second. */
  #speed = Infinity;
  /** Where the hand wants the own marker. @type {{x: number, y: number} | null} */
  #wanted = null;
  /** The own place as the server knows it, to our knowledge. */
  #told = '';
  #lastInput = -Infinity;
  /** Since the last advance. */
  #changed = false;

  /** @param {import('./wire.js').Scene} scene */
  furnish({ width, height, discs }) {
    Object.assign(this, { width, height, discs });
  }

  /**
   * Everyone is told anew by the server that speaks now. The own marker stays where it was, until that
   * server says otherwise.
   * @param {import('./wire.js').Play} play @param {number} [speed]  of the own marker, in units a second
   */
  join({ id, hue }, speed = Infinity) {
    const { x, y } = this.#own() ?? { x: this.width / 2, y: this.height / 2 };
    this.leave();
    this.self = id;
    this.markers.set(id, { x, y, hue, trail: [] });
    this.#speed = speed;
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
    this.#wanted = null;
    this.#told = '';
    this.#lastInput = -Infinity;
    this.#changed = true;
  }

  /** The own marker follows the hand without waiting for the server, as fast as the server lets it. */
  moveOwn(x, y) {
    const marker = this.#own();
    if (!marker) return;
    this.#wanted = { x: clamp(x, 0, this.width), y: clamp(y, 0, this.height) };
    this.#lastInput = performance.now();
  }

  moveOwnBy(dx, dy) {
    const from = this.#wanted ?? this.#own();
    if (from) this.moveOwn(from.x + dx, from.y + dy);
  }

  /** The wanted place if the server has to hear of it, which the caller then sees to. */
  takeMove() {
    if (!this.#wanted) return null;
    const place = wholePlace(this.#wanted);
    if (this.#told === place.join()) return null;
    this.#told = place.join();
    return place;
  }

  /**
   * Moves the own marker to where it is wanted, glides the others towards where the last snapshot has
   * them, and draws all trails on.
   * Returns whether there is anything new to see.
   */
  advance(elapsed, now, withTrails) {
    let news = this.#changed;
    this.#changed = false;
    if (this.#stepOwn(elapsed)) news = true;
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

  /** By the server's own rule. Returns whether it moved. */
  #stepOwn(elapsed) {
    const [marker, wanted] = [this.#own(), this.#wanted];
    if (!marker || !wanted) return false;
    const [dx, dy] = [wanted.x - marker.x, wanted.y - marker.y];
    const distance = Math.hypot(dx, dy);
    if (distance === 0) return false;
    const most = elapsed > 0 ? (this.#speed * elapsed) / 1000 : 0;
    const share = Math.min(most / distance, 1);
    marker.x += dx * share;
    marker.y += dy * share;
    return true;
  }

  /** While the hand rests, the server has the last word on our place (and it chose the first). */
  #placeOwn(peer) {
    const marker = this.#own();
    if (!peer || !marker || performance.now() - this.#lastInput < REST_MS) return;
    this.#wanted = null;
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
