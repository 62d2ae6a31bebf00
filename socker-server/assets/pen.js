// The owner's hand: a pointer draws strokes into the picture, and the room is told of them. Mouse, finger
// and pen alike.

import { MOST_POINTS } from './picture.js';

/** Points that are closer together say nothing. In units of the picture. */
const NEAR = 6;
/** What grows is told at most once in so many ms, however fast the screen is. */
const EVERY = 15;

/**
 * @typedef {object} Listener
 * @property {(stroke: import('./picture.js').Stroke, known: number) => void} grown  beyond so many points
 * @property {(stroke: import('./picture.js').Stroke) => void} finished
 */

export class Pen {
  colour = 0;
  width = 22;
  #listener;
  /** What is drawn into while the pen is down. @type {import('./picture.js').Picture | null} */
  #picture = null;
  /** @type {import('./picture.js').Stroke | null} */
  #stroke = null;
  /** How many of its points were told, and when. */
  #told = 0;
  #toldAt = -Infinity;
  #request = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {import('./picture.js').Picture} picture @param {[x: number, y: number]} point */
  down(picture, point) {
    this.up();
    this.#picture = picture;
    this.#begin(picture.nextIndex, point);
  }

  /** @param {[x: number, y: number]} point */
  move(point) {
    const stroke = this.#stroke;
    if (!stroke || distance(stroke.points.at(-1), point) < NEAR) return;
    stroke.points.push(point);
    this.#picture.extend(stroke, 0);
    if (stroke.points.length === MOST_POINTS) {
      this.#finish();
      this.#begin(this.#picture.nextIndex, point, stroke.first); // goes on where this one ended
    }
    this.#request ||= requestAnimationFrame((now) => this.#tell(now));
  }

  up() {
    if (this.#stroke) this.#finish();
    this.drop();
  }

  /** Forgets what is being drawn. */
  drop() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#stroke = this.#picture = null;
  }

  #begin(index, point, first = index) {
    this.#stroke = { index, first, colour: this.colour, width: this.width, points: [point] };
    this.#told = 0;
    this.#picture.extend(this.#stroke, 0);
  }

  #finish() {
    this.#picture.add(this.#stroke);
    this.#listener.finished(this.#stroke);
  }

  #tell(now) {
    this.#request = 0;
    if (now - this.#toldAt < EVERY) {
      this.#request = requestAnimationFrame((later) => this.#tell(later));
      return;
    }
    this.#listener.grown(this.#stroke, this.#told);
    this.#told = this.#stroke.points.length;
    this.#toldAt = now;
  }
}

const distance = ([x, y], [toX, toY]) => Math.hypot(toX - x, toY - y);

/**
 * Listens to an element.
 * @param {HTMLElement} element
 * @param {{down: (x: number, y: number) => boolean, move: (x: number, y: number) => void, up: () => void}} hand
 *   places are of the window; `down` returns whether it draws
 */
export function followHand(element, { down, move, up }) {
  /** Of the pointer that draws; a second finger does not. @type {number | null} */
  let drawing = null;

  element.addEventListener('pointerdown', (event) => {
    if (drawing !== null || event.button !== 0 || !down(event.clientX, event.clientY)) return;
    drawing = event.pointerId;
    element.setPointerCapture(drawing); // a stroke may leave the element
  });
  element.addEventListener('pointermove', (event) => {
    if (event.pointerId !== drawing) return;
    const places = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of places.length ? places : [event]) move(clientX, clientY);
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    element.addEventListener(type, ({ pointerId }) => {
      if (pointerId !== drawing) return;
      drawing = null;
      up();
    });
  }
}
