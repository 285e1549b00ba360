// Login: a small server with the library's verifier, the owner's devices, and a user who types codes.

import { ask, Line, Refusal } from "./api.js";
import * as shared from "./credential.js";
import { Devices, shown } from "./devices.js";
import { button, find, inWords, make, utc } from "./dom.js";
import { Panel } from "./panel.js";
import { showState } from "./state.js";
import { showVerdict } from "./verdict.js";

const MOST = 30; // lines of the history
const THREE = ["three-1", "three-2", "three-3"];
const CREDENTIAL = ["secret", "form", "kind", "algorithm", "digits", "period", "t0", "counter"];
const OTHER = new Error("the answer is for another session");

export class LoginPanel extends Panel {
  #line = new Line();
  #enrolled = null;
  #session = null;
  #state = null;
  #owner = [];
  #clock = { time: 0, at: 0 };
  #tick;
  #devices = new Devices({
    type: (code) => this.#type(code),
    press: (device) => this.#press(device),
    enroll: (device) => this.#enroll(device),
  });

  constructor() {
    super("login");
    find("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const code = find("login-code").value;
      this.#try("verify", { code }, `Code ${code || "(empty)"}`);
    });
    find("three-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const codes = THREE.map((id) => find(id).value);
      this.#try("resynchronize", { codes }, `Three codes ${codes.map((code) => code || "(empty)").join(", ")}`);
    });
    find("login-guess").addEventListener("click", () => this.#guess());
    find("three-read").addEventListener("click", () => this.#doing(() => this.#readThree()));
    find("three-near").addEventListener("click", () => this.#doing(() => this.#readThree(true)));
    find("start-again").addEventListener("click", () => this.#doing(() => this.#start("Started again.")));
    find("unlock").addEventListener("click", () =>
      this.#doing(async () => {
        this.#keep(await this.#ask("unlock"));
        this.#note("The operator unlocks the user.");
      }),
    );
    for (const kind of ["totp", "hotp"])
      find(`add-${kind}`).addEventListener("click", () =>
        this.#doing(async () => {
          const answer = await this.#ask("add", { kind });
          this.#keep(answer);
          this.#note(`The owner gets the device “${answer.added}”. It is not enrolled yet.`);
        }),
      );
    for (const pressed of this.root.querySelectorAll("[data-wait]"))
      pressed.addEventListener("click", () => this.#doing(() => this.#pass(Number(pressed.dataset.wait))));
  }

  update() {
    return this.#doing(async () => {
      const identity = shared.identity();
      if (identity === this.#enrolled) this.#keep(await this.#ask("look"));
      else await this.#start(this.#enrolled ? "Another credential is enrolled." : "The credential is enrolled.");
    });
  }

  leave() {
    super.leave();
    clearInterval(this.#tick);
  }

  /** Call the server, and show a refusal. If the session is gone, start another. */
  async #doing(action) {
    try {
      this.clear();
      await action();
    } catch (error) {
      if (error === OTHER) return undefined;
      if (error instanceof Refusal && error.field === "session") {
        return this.#doing(() => this.#start("The server had deleted the session, so a new one was started."));
      }
      if (error.field === null || CREDENTIAL.includes(error.field)) clearInterval(this.#tick);
      if (CREDENTIAL.includes(error.field)) this.#enrolled = null;
      this.refused(error);
    }
    return undefined;
  }

  /** Call the server in this session; ignore an answer that arrives in another session. */
  async #ask(what, body = {}) {
    const session = this.#session;
    if (session === null) throw OTHER; // the session has not started yet
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
    this.#state = null;
    find("history").replaceChildren();
    find("verdict").className = "verdict";
    find("verdict").replaceChildren(make("p", "hint", "No code has been tried yet."));
    find("stored-devices").replaceChildren();
    for (const id of ["login-code", ...THREE]) find(id).value = "";
    this.#keep(answer);
    shared.describe(answer);
    this.#note(words);
  }

  async #try(what, body, words, enrolling = false) {
    await this.#doing(async () => {
      const was = this.#state;
      const answer = await this.#ask(what, body);
      this.#keep(answer);
      const name = showVerdict(find("verdict"), answer, was, enrolling);
      this.#run();
      this.#note(`${words}: ${name.toLowerCase()}.`, answer.verdict);
    });
  }

  async #pass(seconds) {
    this.#keep(await this.#ask("wait", { seconds }));
    this.#note(`${inWords(seconds)} pass.`.replace("about ", ""));
  }

  #type(code) {
    find("login-code").value = code;
    find("login-code").focus();
  }

  #press({ name }) {
    this.#devices.mark(name);
    return this.#doing(async () => {
      this.#keep(await this.#ask("press", { device: name }));
      this.#note(`The owner presses the button of “${name}”.`);
    });
  }

  #enroll(device) {
    const { code } = shown(device, "current");
    return this.#try("enroll", { device: device.name, code }, `Enrolling “${device.name}” with ${code}`, true);
  }

  #forget(name) {
    return this.#doing(async () => {
      this.#keep(await this.#ask("forget", { device: name }));
      this.#note(`The server forgets the device “${name}”.`);
      find("unlock").focus();
    });
  }

  /** Type a code that no device shows. */
  #guess() {
    const taken = this.#owner.flatMap(({ codes }) => codes.map(({ code }) => code));
    const { length } = taken[0];
    // There are at most 12 devices with 4 codes each.
    let number = 0;
    const code = () => String(number).repeat(length).slice(0, length);
    while (taken.includes(code())) number += 1;
    find("login-code").value = code();
    this.#try("verify", { code: code() }, `Code ${code()}`);
  }

  /** Read three consecutive codes as the owner does: by waiting, or with the button. */
  async #readThree(near = false) {
    const name = find("three-device").value;
    const device = () => this.#owner.find((each) => each.name === name);
    const stored = this.#state.devices.find((each) => each.name === name);
    // A spent code cannot be one of the three.
    let another = BigInt(shown(device(), "current").moving_factor) < BigInt(stored?.watermark ?? "0");
    for (const id of THREE) {
      const { span } = device();
      if (another && span) this.#keep(await this.#ask("wait", { seconds: span[1] - span[0] }));
      else if (another) this.#keep(await this.#ask("press", { device: name }));
      find(id).value = shown(device(), "current").code;
      another = true;
    }
    if (near) {
      const last = find(THREE[2]);
      last.value = last.value.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    }
    const how = device().span ? "waits" : "presses the button";
    this.#note(`The owner ${how} for three codes of “${name}”${near ? ", and mistypes the last" : ""}.`);
  }

  #note(words, kind = "") {
    const when = make("span", "when mono", utc(this.#now()).slice(11));
    const history = find("history");
    history.prepend(make("li", kind, when, " ", make("span", "", words)));
    while (history.children.length > MOST) history.lastChild.remove();
  }

  /** Return the time of the session. */
  #now() {
    return this.#clock.time + (performance.now() - this.#clock.at) / 1000;
  }

  /** Show the server's state and the devices' codes, and refresh them when a device shows another code. */
  #keep({ state, devices, now }) {
    this.well();
    this.#clock = { time: now, at: performance.now() };
    showState(find("state"), find("stored-devices"), this.#state, state, (name) => {
      const made = button("Forget", "quiet", () => this.#forget(name));
      made.setAttribute("aria-label", `Forget the device ${name}`);
      return made;
    });
    find("stored-text").textContent = state.text ?? "Nothing is stored.";
    this.#state = state;
    this.#owner = devices;
    this.#devices.show(devices);
    clearInterval(this.#tick);
    this.#run();
    if (this.root.hidden) return;
    this.#tick = setInterval(() => this.#run(), 500);
    const ends = devices.map(({ remaining }) => remaining).filter((each) => each !== null);
    this.wait(ends.length ? Math.min(...ends) : undefined);
  }

  /** Update the clocks of the part. */
  #run() {
    const now = this.#now();
    this.#devices.run(now);
    find("server-clock").textContent = `Clock of the server: ${utc(now)}, UTC`;
    const until = this.#state?.retry_at ?? 0;
    const words = until > now ? `in ${inWords(until - now)}` : "";
    for (const left of find("state").querySelectorAll(".left")) left.textContent = words;
    for (const left of find("verdict").querySelectorAll(".left")) left.textContent = words || "now";
  }
}
