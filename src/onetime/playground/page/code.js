// Code: the code with its remaining time, the codes before and after it, and the link with its QR code.

import { Line } from "./api.js";
import * as shared from "./credential.js";
import { copy, find, inWords, mark, sentence, settled, showCode, showNoCode } from "./dom.js";
import { Panel } from "./panel.js";

export class CodePanel extends Panel {
  #line = new Line();
  #shown = null;
  #arrived = 0;
  #tick;

  constructor() {
    super("code");
    for (const id of ["name", "issuer"])
      find(id).addEventListener(
        "input",
        settled(() => this.update()),
      );
    find("copy-code").addEventListener("click", (event) => copy(this.#shown.code, event.target, "The code"));
    find("copy-link").addEventListener("click", (event) => copy(this.#shown.link, event.target, "The link"));
  }

  async update() {
    try {
      const answer = await this.#line.ask("code", {
        credential: shared.credential(),
        time: shared.time(),
        name: find("name").value,
        issuer: find("issuer").value,
      });
      if (answer === undefined) return;
      this.well();
      this.#show(answer);
    } catch (error) {
      clearInterval(this.#tick);
      this.refused(error);
    }
  }

  leave() {
    super.leave();
    this.#line.drop();
    clearInterval(this.#tick);
  }

  #show(answer) {
    const totp = answer.period !== null;
    this.#shown = answer;
    this.#arrived = performance.now();
    shared.describe(answer);

    find("code-factor").textContent = `${totp ? "Step" : "Counter"} ${answer.moving_factor}`;
    showCode(find("shown-code"), answer.code);
    for (const side of ["previous", "next"]) {
      const other = answer[side];
      const place = find(`${side}-code`);
      place.disabled = !other;
      if (other) showCode(place, other.code);
      else showNoCode(place);
      const none = side === "next" ? "This is the last" : "This is the first";
      find(`${side}-note`).textContent = other ? `${totp ? "Step" : "Counter"} ${other.moving_factor}` : none;
    }

    find("link").textContent = answer.link ?? "";
    const reason = (answer.link_error ?? answer.qr_error)?.message;
    const placed = reason && mark(this.root, answer.link_error?.field, reason);
    find("link-note").hidden = !reason;
    find("link-note").textContent = reason
      ? `There is no ${answer.link ? "QR code" : "link"}. ${placed ? "" : sentence(reason)}`
      : "";
    find("copy-link").hidden = !answer.link;
    find("qr").hidden = !answer.qr;
    if (answer.qr && find("qr").dataset.link !== answer.link) {
      const svg = new DOMParser().parseFromString(answer.qr, "image/svg+xml").documentElement;
      find("qr").replaceChildren(document.importNode(svg, true));
      // A QR code with more data is drawn larger, so that each module stays large enough to be read.
      find("qr").style.setProperty("--side", String(svg.viewBox.baseVal.width));
      find("qr").dataset.link = answer.link;
    }

    clearInterval(this.#tick);
    this.wait();
    find("ring").toggleAttribute("hidden", !totp);
    if (totp) {
      this.#run();
      if (shared.isNow()) {
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        this.#tick = setInterval(() => this.#run(), calm ? 1000 : 200);
        this.wait(answer.remaining);
      }
    } else find("code-life").textContent = "Valid until it is used.";
  }

  /** Show the remaining time of the code. */
  #run() {
    const { remaining, period } = this.#shown;
    const now = shared.isNow();
    const left = now ? Math.max(0, remaining - (performance.now() - this.#arrived) / 1000) : remaining;
    const words = inWords(left);
    find("code-life").textContent = now
      ? `A new code in ${words}.`
      : `At that time, valid for another ${words}.`;
    const seconds = Math.ceil(left);
    find("ring-seconds").textContent = seconds < 10000 ? String(seconds) : "…";
    find("ring-left").style.setProperty("stroke-dashoffset", String(100 - (100 * left) / period));
  }
}
