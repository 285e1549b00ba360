// Login: a small server's side with the library's verifier, the owner's device, and whoever types codes.

import { ask, Line, Refusal } from "./api.js";
import * as shared from "./credential.js";
import { find, inWords, make, showCode, utc } from "./dom.js";
import { Panel } from "./panel.js";
import { showState } from "./state.js";
import { showVerdict } from "./verdict.js";

const PLACES = { previous: "before", next: "next", later: "after that" };
const MOST = 30; // lines of the history
const THREE = ["three-1", "three-2", "three-3"];
const OTHER = new Error("it was another session");

export class LoginPanel extends Panel {
  #line = new Line();
  #enrolled = null;
  #session = null;
  #state = null;
  #device = null;
  #clock = { time: 0, at: 0 };
  #tick;

  constructor() {
    super("login");
    find("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(
        "verify",
        { code: find("login-code").value },
        `Code ${find("login-code").value || "(empty)"}`,
      );
    });
    find("three-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const codes = THREE.map((id) => find(id).value);
      this.#try(
        "resynchronize",
        { codes },
        `Three codes: ${codes.map((code) => code || "(empty)").join(", ")}`,
      );
    });
    find("device-type").addEventListener("click", () => this.#type(this.#shown("current").code));
    find("device-press").addEventListener("click", () =>
      this.#doing(async () => {
        this.#see(await this.#ask("device", { press: true }));
        this.#note("The owner presses the button of the device.");
      }),
    );
    find("login-guess").addEventListener("click", () => this.#guess());
    find("three-read").addEventListener("click", () => this.#doing(() => this.#readThree()));
    find("start-again").addEventListener("click", () => this.#doing(() => this.#start("Enrolled anew.")));
    for (const button of this.root.querySelectorAll("[data-wait]")) {
      button.addEventListener("click", () => this.#doing(() => this.#pass(Number(button.dataset.wait))));
    }
  }

  update() {
    return this.#doing(async () => {
      const identity = shared.identity();
      if (identity !== this.#enrolled) {
        await this.#start(this.#enrolled ? "Another credential is enrolled." : "The credential is enrolled.");
      } else await this.#look();
    });
  }

  leave() {
    super.leave();
    clearInterval(this.#tick);
  }

  /** Do something with the server; what it refuses is shown. A session that is gone is begun again. */
  async #doing(action) {
    try {
      this.well();
      await action();
    } catch (error) {
      if (error instanceof Refusal && error.field === "session") {
        return this.#doing(() =>
          this.#start("The server had forgotten the session. The credential is enrolled anew."),
        );
      }
      if (error === OTHER) return undefined;
      if (!["code", "codes", "press", "seconds"].includes(error.field)) clearInterval(this.#tick);
      if (["secret", "form", "kind", "algorithm", "digits", "period", "t0", "counter"].includes(error.field))
        this.#enrolled = null;
      this.refused(error);
    }
    return undefined;
  }

  /** Ask about this session; an answer that comes when there is another one is dropped. */
  async #ask(what, body = {}) {
    const session = this.#session;
    try {
      return await ask(`login/${what}`, { session, ...body });
    } finally {
      if (session !== this.#session) throw OTHER;
    }
  }

  async #start(words) {
    const identity = shared.identity();
    const answer = await this.#line.ask("login/start", { credential: shared.credential() });
    if (answer === undefined) return;
    this.#enrolled = identity;
    this.#session = answer.session;
    shared.describe(answer);
    this.#state = null;
    find("history").replaceChildren();
    find("verdict").className = "verdict";
    find("verdict").replaceChildren(make("p", "hint", "No code was tried yet."));
    find("login-code").value = "";
    for (const id of THREE) find(id).value = "";
    this.#keep(answer);
    this.#note(words);
    await this.#look();
  }

  /** Look at the device, and again when it shows another code. */
  async #look() {
    this.#see(await this.#ask("device"));
  }

  async #try(what, body, words) {
    await this.#doing(async () => {
      const answer = await this.#ask(what, body);
      this.#keep(answer);
      this.#judged(answer, words);
      await this.#look();
    });
  }

  async #pass(seconds) {
    this.#keep(await this.#ask("wait", { seconds }));
    this.#note(`${inWords(seconds)} pass.`.replace("about ", ""));
    await this.#look();
  }

  #type(code) {
    find("login-code").value = code;
    find("login-code").focus();
  }

  /** Type a code that the device does not show. */
  #guess() {
    const shown = this.#device.codes.map(({ code }) => code);
    const { length } = shown[0];
    const guess = ["0", "1", "2", "3", "4"]
      .map((digit) => digit.repeat(length))
      .find((code) => !shown.includes(code));
    find("login-code").value = guess;
    this.#try("verify", { code: guess }, `Code ${guess}`);
  }

  /** Read three codes in a row, as the owner does it: with the time that passes, or with the button. */
  async #readThree() {
    const totp = this.#state.kind === "totp";
    // A code that is spent is none of the three.
    let another = BigInt(this.#shown("current").factor) < BigInt(this.#state.next_factor);
    for (const id of THREE) {
      if (another && totp)
        this.#keep(await this.#ask("wait", { seconds: this.#device.span[1] - this.#device.span[0] }));
      this.#see(await this.#ask("device", { press: another && !totp }));
      find(id).value = this.#shown("current").code;
      another = true;
    }
    this.#note(
      totp ? "The owner waits for three codes in a row." : "The owner presses for three codes in a row.",
    );
  }

  #shown(place) {
    return this.#device.codes.find((entry) => entry.place === place);
  }

  #note(words, kind = "") {
    const when = make("span", "when mono", utc(this.#now()).slice(11));
    const history = find("history");
    history.prepend(make("li", kind, when, " ", make("span", "", words)));
    while (history.children.length > MOST) history.lastChild.remove();
  }

  /** The session's clock. */
  #now() {
    return this.#clock.time + (performance.now() - this.#clock.at) / 1000;
  }

  #judged(answer, words) {
    const name = showVerdict(find("verdict"), answer);
    this.#run();
    this.#note(`${words}: ${name.toLowerCase()}.`, answer.verdict);
  }

  /** Show what the server remembers, and mark what is another value than before. */
  #keep({ state, now }) {
    this.#clock = { time: now, at: performance.now() };
    showState(find("state"), this.#state, state);
    this.#state = state;
    this.#run();
  }

  #see(device) {
    this.#device = device;
    this.#clock = { time: device.now, at: performance.now() };
    showCode(find("device-code"), this.#shown("current").code);
    find("device-press").hidden = device.span !== null;
    this.#list(device);
    clearInterval(this.#tick);
    if (this.root.hidden) return;
    this.#tick = setInterval(() => this.#run(), 500);
    this.#run();
    this.wait(device.remaining ?? undefined);
  }

  /** List the other codes of the device. What is there stays there, so that nobody loses the focus. */
  #list({ codes, span }) {
    const list = find("device-codes");
    for (const place of Object.keys(PLACES)) {
      const entry = codes.find((each) => each.place === place);
      let item = list.querySelector(`.${place}`);
      if (!item) {
        const button = make("button", "quiet", "Type");
        button.type = "button";
        button.addEventListener("click", () => this.#type(this.#shown(place).code));
        item = make("li", place, make("span", "code"), make("span", "hint"), button);
        list.append(item);
      }
      item.hidden = !entry;
      if (!entry) continue;
      const name = `${span ? "Step" : "Counter"} ${entry.factor}, ${PLACES[place]}`;
      const [code, words, button] = item.children;
      showCode(code, entry.code);
      words.textContent = name;
      button.setAttribute("aria-label", `Type the code of ${name.toLowerCase()}`);
    }
  }

  /** Let the clocks of the part run. */
  #run() {
    const now = this.#now();
    if (this.#device) {
      const { span } = this.#device;
      find("device-life").textContent = span
        ? `Step ${this.#shown("current").factor}, another code in ${inWords(span[1] - now)}.`
        : `Counter ${this.#shown("current").factor}, another code when its button is pressed.`;
    }
    find("server-clock").textContent = `Its clock: ${utc(now)}, UTC`;
    const until = this.#state?.delayed_until ?? 0;
    const words = until > now ? `in ${inWords(until - now)}` : "";
    for (const left of find("state").querySelectorAll(".left")) left.textContent = words;
    for (const left of find("verdict").querySelectorAll(".left")) left.textContent = words || "from now on";
  }
}
