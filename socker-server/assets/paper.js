// The board's canvas: draws the picture, and never changes it. The same strokes give the same pixels on
// every canvas of that size, whether they were drawn one by one or all at once.

import { HEIGHT, WIDTH } from './picture.js';

const darkScheme = matchMedia('(prefers-color-scheme: dark)');
/** Between the dots of the paper. */
const GRID = 128;

export class Paper {
  #canvas;
  #picture;
  #ink;
  #drawn;
  /** The paper and the finished strokes. */
  #layer = document.createElement('canvas');
  /** What is on the layer: so many strokes of a revision of a picture. */
  #on = { picture: null, revision: 0, strokes: 0 };
  #colours = { paper: '', grid: '', pens: [] };
  #request = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./picture.js').Picture} picture
   * @param {() => void} drawn  told when the canvas shows the picture
   */
  constructor(canvas, picture, drawn) {
    this.#canvas = canvas;
    this.#picture = picture;
    this.#drawn = drawn;
    this.#ink = canvas.getContext('2d');
    this.#layOut();
    new ResizeObserver(() => this.#layOut()).observe(canvas);
    addEventListener('resize', () => this.#layOut()); // a new screen or zoom can leave the canvas its CSS size
    darkScheme.addEventListener('change', () => this.#layOut());
  }

  /** @param {import('./picture.js').Picture} picture */
  show(picture) {
    this.#picture = picture;
    this.change();
  }

  /** The picture has changed: it is drawn with the next frame. */
  change() {
    this.#request ||= requestAnimationFrame(() => this.#draw());
  }

  /** A point of the window in the picture's units. @returns {[x: number, y: number]} */
  placeAt(clientX, clientY) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const place = (css, size, most) => Math.min(Math.max(Math.round((css / size) * most), 0), most - 1);
    return [place(clientX - left, width, WIDTH), place(clientY - top, height, HEIGHT)];
  }

  /** One canvas pixel for one pixel of the screen, whatever the zoom. */
  #layOut() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const size = { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) };
    if (size.width === 0 || size.height === 0) return;
    Object.assign(this.#canvas, size);
    Object.assign(this.#layer, size);
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const pens = [0, 1, 2, 3, 4].map((pen) => colour(`pen-${pen}`));
    this.#colours = { paper: colour('paper'), grid: colour('grid'), pens };
    this.#on.picture = null;
    this.#draw(); // now: a canvas that was resized is empty
  }

  #draw() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    const [ink, layer] = [this.#ink, this.#layer];
    this.#bringLayerUpToDate();
    ink.setTransform(1, 0, 0, 1, 0, 0);
    if (layer.width && layer.height) ink.drawImage(layer, 0, 0);
    this.#useUnits(ink);
    for (const stroke of this.#picture.live.values()) this.#drawStroke(ink, stroke);
    this.#drawn();
  }

  #bringLayerUpToDate() {
    const [ink, picture] = [this.#layer.getContext('2d'), this.#picture];
    this.#useUnits(ink);
    if (this.#on.picture !== picture || this.#on.revision !== picture.revision) {
      this.#on = { picture, revision: picture.revision, strokes: 0 };
      this.#drawPaper(ink);
    }
    const fresh = [...picture.strokes.values()].slice(this.#on.strokes);
    for (const stroke of fresh) this.#drawStroke(ink, stroke);
    this.#on.strokes += fresh.length;
  }

  #useUnits(ink) {
    ink.setTransform(this.#canvas.width / WIDTH, 0, 0, this.#canvas.height / HEIGHT, 0, 0);
  }

  #drawPaper(ink) {
    ink.fillStyle = this.#colours.paper;
    ink.fillRect(0, 0, WIDTH, HEIGHT);
    ink.fillStyle = this.#colours.grid;
    ink.beginPath();
    for (let x = GRID; x < WIDTH; x += GRID) {
      for (let y = GRID; y < HEIGHT; y += GRID) ink.rect(x - 4, y - 4, 8, 8);
    }
    ink.fill();
  }

  /** A curve through the middles between the points. @param {import('./picture.js').Stroke} stroke */
  #drawStroke(ink, { colour, width, points }) {
    ink.strokeStyle = ink.fillStyle = this.#colours.pens[colour];
    Object.assign(ink, { lineWidth: width, lineCap: 'round', lineJoin: 'round' });
    ink.beginPath();
    if (points.length === 1) {
      ink.arc(...points[0], width / 2, 0, Math.PI * 2);
      ink.fill();
      return;
    }
    ink.moveTo(...points[0]);
    for (let at = 1; at < points.length - 1; at++) {
      const [[x, y], [nextX, nextY]] = [points[at], points[at + 1]];
      ink.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    ink.lineTo(...points.at(-1));
    ink.stroke();
  }
}
