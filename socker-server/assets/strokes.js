// Strokes <-> the actions of a room.
//
//   draw        index, first, colour, width, known, points    a stroke has grown
//   stroke-<n>  first, colour, width, points                  state: the whole stroke; or nothing, if it is taken back
//   clear                                                     state: what was before is gone
//
// A room tells its state in the order in which it was last set, so whoever comes late sees no stroke
// from before the last `clear`, and all of them in their order.

import { HEIGHT, MOST_POINTS, MOST_STROKES, WIDTH } from './picture.js';

/** A coordinate is two of these, a point four. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const WIDEST = 512;
const COLOURS = 5;

/** @typedef {import('./picture.js').Stroke} Stroke */

export const keyOf = ({ index }) => `stroke-${index}`;

/** @param {Stroke} stroke */
export const encodeStroke = ({ first, colour, width, points }) => [`${first}`, `${colour}`, `${width}`, encodePoints(points)];

/** What a stroke has beyond the points that are known. @param {Stroke} stroke @param {number} known */
export const encodeGrowth = ({ index, first, colour, width, points }, known) =>
  [index, first, colour, width, known].map(String).concat(encodePoints(points.slice(known)));

/**
 * What to do with each action: functions for a room's `on`.
 * @param {() => import('./picture.js').Picture} picture  that they change
 * @param {() => void} changed
 */
export function readers(picture, changed) {
  const whole = (index) => (params) => {
    const stroke = params.length ? decode(index, ...params) : null;
    if (stroke) picture().add(stroke);
    else picture().remove(index);
    changed();
  };
  const grown = ([index, first, colour, width, known, points]) => {
    const stroke = decode(Number(index), first, colour, width, points);
    if (stroke) picture().extend(stroke, Number(known));
    changed();
  };
  const cleared = () => {
    picture().clear();
    changed();
  };
  const strokes = Array.from({ length: MOST_STROKES }, (_, index) => [keyOf({ index }), whole(index)]);
  return { ...Object.fromEntries(strokes), draw: grown, clear: cleared };
}

/** @returns {Stroke | null} null if it is none that a board of ours has drawn */
function decode(index, first, colour, width, points) {
  const stroke = { index, first: Number(first), colour: Number(colour), width: Number(width), points: decodePoints(points) };
  const isWithin = (number, end) => Number.isInteger(number) && number >= 0 && number < end;
  const isRight =
    isWithin(index, MOST_STROKES) && isWithin(stroke.first, MOST_STROKES) && isWithin(stroke.colour, COLOURS) &&
    isWithin(stroke.width, WIDEST) && stroke.points;
  return isRight ? stroke : null;
}

function encodePoints(points) {
  const digits = (number) => DIGITS[number >> 6] + DIGITS[number & 63];
  return points.map(([x, y]) => digits(x) + digits(y)).join('');
}

function decodePoints(text = '') {
  if (text.length === 0 || text.length % 4 || text.length > 4 * MOST_POINTS) return null;
  const number = (at) => DIGITS.indexOf(text[at]) * 64 + DIGITS.indexOf(text[at + 1]);
  if (/[^\w-]/.test(text)) return null;
  const points = Array.from({ length: text.length / 4 }, (_, at) => [number(4 * at), number(4 * at + 2)]);
  return points.every(([x, y]) => x < WIDTH && y < HEIGHT) ? points : null;
}
