// The common part of all panels: a result or a message in its place, and the time of the next refresh.

import { Refusal } from "./api.js";
import { fault, faultless } from "./credential.js";
import { find, make, mark, sentence, unmark } from "./dom.js";

export class Panel {
  #timer;
  #before = make("p", "hint before");

  constructor(name) {
    this.root = find(`panel-${name}`);
    this.problem = this.root.querySelector(".problem");
    this.answer = this.root.querySelector(".answer");
    this.#before.hidden = true;
    this.answer?.before(this.#before);
  }

  /** Remove all messages. */
  clear() {
    faultless();
    unmark(this.root);
    this.problem.hidden = true;
    this.#before.hidden = true;
  }

  /** Show a new result, and no message. */
  well() {
    this.clear();
    if (!this.answer) return;
    this.answer.hidden = false;
    this.answer.inert = false;
    this.shown = true;
  }

  /** Show a refusal once: beside its field, or else in place of the result. The last result stays, grayed out. */
  refused(error) {
    if (!(error instanceof Refusal)) throw error;
    const own = mark(this.root, error.field, error.message);
    if (own) faultless();
    if (own && error.field !== "count") return;
    const placed = own || fault(error);
    if (!placed) this.clear();
    this.wait();
    this.problem.hidden = placed;
    if (!placed) this.problem.textContent = sentence(error.message);
    if (!this.answer) return;
    this.answer.hidden = !this.shown;
    this.answer.inert = true;
    this.#before.textContent = this.shown ? "The last result, from before the error:" : "There is no result yet.";
    this.#before.hidden = false;
  }

  /** Refresh after a number of seconds; without a number, never. */
  wait(seconds) {
    clearTimeout(this.#timer);
    if (seconds !== undefined && Number.isFinite(seconds)) {
      // Refresh late rather than early, and at least once a day, because timers have a maximum.
      this.#timer = setTimeout(() => this.update(), Math.min(Math.max(seconds, 0) * 1000 + 25, 86_400_000));
    }
  }

  /** Leave the part. */
  leave() {
    this.wait();
  }
}
