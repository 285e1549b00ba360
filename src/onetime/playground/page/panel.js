// What all parts have in common: an answer or a message in its place, and a time to look again.

import { Refusal } from "./api.js";
import { find, mark, sentence, unmark } from "./dom.js";
import { fault, faultless } from "./credential.js";

export class Panel {
  #timer;

  constructor(name) {
    this.root = find(`panel-${name}`);
    this.problem = this.root.querySelector(".problem");
    this.answer = this.root.querySelector(".answer");
  }

  /** Show the answer again, and no message. */
  well() {
    faultless();
    unmark(this.root);
    this.problem.hidden = true;
    if (this.answer) this.answer.hidden = false;
  }

  /** Show a refusal beside its field, and a word about it where the answer would be. */
  refused(error) {
    if (!(error instanceof Refusal)) throw error;
    faultless();
    unmark(this.root);
    if (mark(this.root, error.field, error.message) && error.field !== "count") return;
    this.wait();
    const placed = error.field === "count" || fault(error);
    if (this.answer) this.answer.hidden = true;
    this.problem.hidden = false;
    this.problem.textContent = (placed ? "Nothing to show. " : "") + sentence(error.message);
  }

  /** Look again after so many seconds; without a number, not any more. */
  wait(seconds) {
    clearTimeout(this.#timer);
    if (seconds !== undefined && Number.isFinite(seconds)) {
      // A little late rather than early; and once a day at least, because timers have a longest time.
      this.#timer = setTimeout(() => this.update(), Math.min(Math.max(seconds, 0) * 1000 + 25, 86_400_000));
    }
  }

  /** The part is left. */
  leave() {
    this.wait();
  }
}
