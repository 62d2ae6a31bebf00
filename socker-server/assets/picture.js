// What is drawn: strokes on a sheet whose units are the same for everyone, whatever the screen.

export const WIDTH = 4096;
export const HEIGHT = 2304;
/**
 * Most strokes, and most points of one. A longer one goes on in the next; one too many takes the place
 * of the oldest. All of them, at their longest, are a state that the server still keeps.
 */
export const MOST_STROKES = 500;
export const MOST_POINTS = 80;

/**
 * `index` is its place among MOST_STROKES, and `first` that of the stroke with which the hand touched
 * the sheet: strokes with the same were drawn in one go.
 * @typedef {{index: number, first: number, colour: number, width: number, points: [x: number, y: number][]}} Stroke
 */

/** Its fields are for everyone to read and for its methods to write. */
export class Picture {
  /** Those that are finished, by index, in the order in which they lie on each other. @type {Map<number, Stroke>} */
  strokes = new Map();
  /** Those that are being drawn, by index. @type {Map<number, Stroke>} */
  live = new Map();
  /** Goes up whenever something else has happened than that strokes were added. */
  revision = 0;

  /** Which stroke comes next. */
  get nextIndex() {
    const last = [...this.strokes.keys()].at(-1) ?? -1;
    return (last + 1) % MOST_STROKES;
  }

  /** The strokes of the last touch. */
  get lastTouch() {
    const strokes = [...this.strokes.values()];
    const first = strokes.at(-1)?.first;
    return strokes.slice(strokes.findLastIndex((stroke) => stroke.first !== first) + 1);
  }

  /** A stroke grows. Of the points, so many are there already. @param {Stroke} stroke @param {number} known */
  extend({ points, ...stroke }, known) {
    const before = this.live.get(stroke.index)?.points.slice(0, known) ?? [];
    this.live.set(stroke.index, { ...stroke, points: [...before, ...points].slice(0, MOST_POINTS) });
  }

  /** @param {Stroke} stroke */
  add(stroke) {
    this.remove(stroke.index);
    this.strokes.set(stroke.index, stroke);
  }

  /** @param {number} index */
  remove(index) {
    this.live.delete(index);
    if (this.strokes.delete(index)) this.revision++;
  }

  clear() {
    this.strokes.clear();
    this.live.clear();
    this.revision++;
  }
}
