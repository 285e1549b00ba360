// Why doesn't it match? A search for how codes came about that are not the ones one expects.

import { ask, seconds } from "./api.js";
import { announce, find, HASHES, make, sentence } from "./dom.js";
import { fillIn, keepTogether, thisMoment } from "./moment.js";
import { Panel } from "./panel.js";

const EVERY = 200; // milliseconds between two looks at a search

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The fields of one code: what it is, and when it was made or with which counter. */
class Given {
  static #count = 0;

  constructor(remove) {
    const id = (this.id = `given-${++Given.#count}`);
    const field = (name, label, control) => {
      control.id = `${id}-${name}`;
      control.autocomplete = "off";
      control.setAttribute("aria-describedby", `${id}-error match-codes-error`);
      const words = make("label", "", label);
      words.htmlFor = control.id;
      return make("div", "field", words, control);
    };
    const input = (mode) => {
      const control = make("input", "mono");
      if (mode) control.inputMode = mode;
      return control;
    };
    this.code = input("numeric");
    this.by = make("select");
    for (const [value, words] of [
      ["moment", "at a moment"],
      ["now", "just now"],
      ["counter", "with a counter"],
    ]) {
      this.by.append(new Option(words, value));
    }
    this.date = input();
    this.date.type = "datetime-local";
    this.date.step = "1";
    this.unix = input("numeric");
    this.counter = input("numeric");
    const date = field("date", "Date and time, UTC", this.date);
    const unix = field("time", "Unix seconds", this.unix);
    const counter = field("counter", "Counter", this.counter);
    this.name = make("legend", "unseen");
    this.button = make("button", "quiet", "Remove");
    this.button.type = "button";
    this.button.addEventListener("click", remove);

    keepTogether(this.date, this.unix, () => {});
    const show = () => {
      date.hidden = unix.hidden = this.by.value !== "moment";
      counter.hidden = this.by.value !== "counter";
    };
    this.by.addEventListener("change", show);
    fillIn(this.date, this.unix, thisMoment());
    this.counter.value = "0";
    show();
    const fields = [field("code", "Code", this.code), field("by", "Made", this.by), date, unix, counter];
    const error = make("p", "error");
    error.id = `${id}-error`;
    error.setAttribute("aria-live", "polite");
    this.element = make("li", "", make("fieldset", "", this.name, ...fields, this.button), error);
  }

  number(index) {
    this.name.textContent = `Code ${index + 1}`;
    this.element.dataset.field = `code ${index + 1}`; // as the server calls it
    this.button.setAttribute("aria-label", `Remove code ${index + 1}`);
  }

  value() {
    const by = this.by.value;
    return {
      code: this.code.value,
      time: by === "moment" ? seconds(this.unix.value) : null,
      counter: by === "counter" ? this.counter.value.trim() : null,
    };
  }

  set(code, unix) {
    this.code.value = code;
    this.by.value = "moment";
    this.by.dispatchEvent(new Event("change"));
    fillIn(this.date, this.unix, unix);
  }
}

export class MatchPanel extends Panel {
  #given = [];
  #job = null;

  constructor() {
    super("match");
    this.#add();
    find("match-add").addEventListener("click", () => {
      this.#add();
      this.#given.at(-1).code.focus();
    });
    find("match-example").addEventListener("click", () => this.#example());
    find("match-cancel").addEventListener("click", () => this.#cancel("The search is cancelled."));
    // What was found is not about what is typed now.
    find("match-form").addEventListener("input", () => {
      find("match-result").replaceChildren();
      if (this.#job) announce("The search is cancelled");
      this.#cancel("");
    });
    find("match-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    find("match-secret").addEventListener(
      "input",
      ({ target }) => (target.value = target.value.replace(/[\r\n]+/g, "")),
    );
    find("match-secret").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#search();
    });
  }

  update() {}

  #add() {
    const given = new Given(() => {
      this.#given.splice(this.#given.indexOf(given), 1);
      given.element.remove();
      this.#count();
      find("match-add").focus();
    });
    this.#given.push(given);
    find("match-codes").append(given.element);
    this.#count();
  }

  #count() {
    this.#given.forEach((given, index) => given.number(index));
    find("match-codes").classList.toggle("alone", this.#given.length === 1);
  }

  /** A secret in base32, taken as plain text by a program with SHA-256 and a clock that is 92 seconds slow. */
  #example() {
    while (this.#given.length > 1) this.#given.pop().element.remove();
    while (this.#given.length < 2) this.#add();
    find("match-secret").value = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    this.#given[0].set("950404", 1111111109);
    this.#given[1].set("001699", 1234567890);
    this.#search();
  }

  async #search() {
    await this.#cancel("");
    this.well();
    find("match-result").replaceChildren();
    const mine = (this.#job = {});
    const codes = this.#given.map((given) => given.value());
    try {
      const { job } = await ask("diagnose", { secret: find("match-secret").value, codes });
      mine.name = job;
      if (mine !== this.#job) await ask("diagnose/cancel", { job }); // it was cancelled before it had a name
      while (mine === this.#job) {
        const answer = await ask("diagnose/result", { job });
        if (mine !== this.#job) break;
        if (answer.findings) {
          this.#end();
          this.#show(answer, codes.length);
          return;
        }
        this.#progress(answer.progress);
        await pause(EVERY);
      }
    } catch (error) {
      if (mine !== this.#job) return;
      this.#end();
      this.refused(error);
    }
  }

  #progress(part) {
    find("match-searching").hidden = false;
    find("match-progress").value = part;
    find("match-percent").textContent = `${Math.floor(part * 100)} %`;
    const quarter = Math.floor(part * 4);
    if (quarter !== this.#job.quarter) announce(`Searched ${quarter * 25} percent`);
    this.#job.quarter = quarter;
  }

  #end() {
    this.#job = null;
    find("match-searching").hidden = true;
    find("match-progress").value = 0;
    find("match-percent").textContent = "0 %";
  }

  async #cancel(words) {
    const job = this.#job;
    if (!job) return;
    const focused = document.activeElement === find("match-cancel");
    this.#end();
    if (focused) find("match-search").focus();
    if (words) find("match-result").replaceChildren(make("p", "card", words));
    if (job.name) await ask("diagnose/cancel", { job: job.name }).catch(() => {});
  }

  #show(answer, count) {
    const tried = `${answer.tried.toLocaleString("en")} codes were computed and compared.`;
    const more = count === 1 ? " A second code, from another moment or counter, tells more." : "";
    if (!answer.findings.length) {
      const nothing = `Nothing was found. None of the readings, settings, clocks and mistakes that are known here makes ${count === 1 ? "this code" : "these codes"}.`;
      find("match-result").replaceChildren(
        make("div", "card", make("h3", "", nothing), make("p", "hint", tried + more)),
      );
      return;
    }
    const list = make("ol", "findings");
    for (const finding of answer.findings) list.append(this.#finding(finding));
    const title = answer.findings.length === 1 ? "This fits" : "These fit, the best first";
    const last = make("p", "hint", tried + more);
    find("match-result").replaceChildren(make("div", "card", make("h3", "", title), list, last));
  }

  #finding({ kind, reading, algorithm, digits, period, moving_factors: factors, mistakes, likelihood, convincing }) {
    const every = period === null ? "" : `, every ${period} s`;
    const head = `${HASHES[algorithm]}, ${digits} digits${every}, the secret read as ${reading}`;
    const wrong = make("ul", "wrong", ...mistakes.map((words) => make("li", "", sentence(words))));
    const name = kind === "totp" ? "step" : "counter";
    const origin = `It makes the code${factors.length === 1 ? "" : "s"} of ${name}${factors.length === 1 ? "" : "s"} ${factors.join(", ")}.`;
    const odds = `${convincing ? "Hardly chance" : "⚠ This may be chance"} (${likelihood}).`;
    const parts = mistakes.length ? [wrong] : [make("p", "", "Nothing else is out of the ordinary.")];
    return make("li", "", make("p", "strong", head), ...parts, make("p", "hint", `${origin} ${odds}`));
  }
}
