// The arrow from the last byte of HS to the first of the four bytes that it points to.

import { draw } from "./dom.js";

const LANE = 11; // pixels above a row, in the gap between rows
const ROUND = 6;

export class Arrow {
  #grid;
  #from;
  #to;
  #line = draw("path", { class: "arrow-line" });
  #head = draw("path", { class: "arrow-head" });

  constructor(grid, from, to) {
    this.#grid = grid;
    this.#from = from;
    this.#to = to;
    const svg = draw("svg", { class: "arrow", "aria-hidden": "true" });
    svg.append(this.#line, this.#head);
    grid.append(svg);
  }

  /** Draw from the last byte to the right, up beside the rows, along the gap above the row, and down. */
  draw() {
    const box = this.#grid.getBoundingClientRect();
    const from = this.#from.getBoundingClientRect();
    const to = this.#to.getBoundingClientRect();
    if (!box.width) return;
    const start = { x: from.right - box.left, y: from.top + from.height / 2 - box.top };
    const side = box.width - 2;
    const end = { x: to.left + to.width / 2 - box.left, y: to.top - box.top };
    const lane = end.y - LANE;
    const corner = Math.min(ROUND, (side - start.x) / 2);
    this.#line.setAttribute(
      "d",
      `M${start.x} ${start.y}H${side - corner}q${corner} 0 ${corner} ${-corner}V${lane + ROUND}` +
        `q0 ${-ROUND} ${-ROUND} ${-ROUND}H${end.x + ROUND}q${-ROUND} 0 ${-ROUND} ${ROUND}V${end.y - 3}`,
    );
    this.#head.setAttribute(
      "d",
      `M${end.x - 5} ${end.y - 7}L${end.x} ${end.y - 1}L${end.x + 5} ${end.y - 7}`,
    );
  }
}
