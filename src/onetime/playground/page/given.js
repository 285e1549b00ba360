// The fields of one code that was shown: the code, and its time or counter.

import { seconds } from "./api.js";
import { button, make } from "./dom.js";
import { fillIn, keepTogether, thisMoment } from "./moment.js";

let count = 0;

export class Given {
  #typed = Date.now(); // milliseconds: when the code was typed

  constructor(remove) {
    this.id = `given-${++count}`;
    this.code = this.#input("numeric");
    this.by = make("select");
    for (const [value, words] of [
      ["now", "just now"],
      ["moment", "at another time"],
      ["counter", "with a counter"],
    ])
      this.by.append(new Option(words, value));
    this.date = this.#input();
    this.date.type = "datetime-local";
    this.date.step = "1";
    this.unix = this.#input("numeric");
    this.counter = this.#input("numeric");
    this.counter.value = "0";
    this.moment = make(
      "div",
      "moment",
      this.#field("date", "Date and time, UTC", this.date),
      this.#field("time", "Unix seconds", this.unix),
    );
    this.fields = {
      code: this.#field("code", "Code", this.code),
      by: this.#field("by", "Shown", this.by),
      time: this.moment,
      counter: this.#field("counter", "Counter", this.counter),
    };
    this.name = make("legend", "unseen");
    this.button = button("Remove", "quiet", remove);
    const error = make("p", "error");
    error.id = `${this.id}-error`;
    error.setAttribute("aria-live", "polite");
    const fieldset = make("fieldset", "", this.name, ...Object.values(this.fields), this.button);
    this.element = make("li", "", fieldset, error);

    keepTogether(this.date, this.unix, () => {});
    this.code.addEventListener("input", () => (this.#typed = Date.now()));
    this.by.addEventListener("change", () => this.#show());
    this.#show();
  }

  #input(mode) {
    const control = make("input", "mono");
    if (mode) control.inputMode = mode;
    return control;
  }

  #field(name, label, control) {
    control.id = `${this.id}-${name}`;
    control.autocomplete = "off";
    control.setAttribute("aria-describedby", `${this.id}-error match-codes-error`);
    const words = make("label", "", label);
    words.htmlFor = control.id;
    return make("div", "field", words, control);
  }

  #show() {
    this.moment.hidden = this.by.value !== "moment";
    this.fields.counter.hidden = this.by.value !== "counter";
    if (!this.moment.hidden && !this.unix.value) {
      fillIn(this.date, this.unix, this.code.value ? Math.floor(this.#typed / 1000) : thisMoment());
    }
  }

  /** Set the number of the code, from 1, by which the server's errors refer to the code. */
  number(number) {
    this.name.textContent = `Code ${number}`;
    this.element.dataset.field = `codes.${number}`;
    for (const [name, field] of Object.entries(this.fields)) field.dataset.field = `codes.${number}.${name}`;
    this.button.setAttribute("aria-label", `Remove code ${number}`);
  }

  /** Return the code in the form that the server reads. “Just now” is the time when the user typed it. */
  value() {
    const by = this.by.value;
    return {
      code: this.code.value,
      ...(by === "now" ? { age: Math.max(0, Math.floor((Date.now() - this.#typed) / 1000)) } : {}),
      ...(by === "moment" ? { time: seconds(this.unix.value) } : {}),
      ...(by === "counter" ? { counter: this.counter.value.trim() } : {}),
    };
  }

  set(code, unix) {
    this.code.value = code;
    this.by.value = "moment";
    fillIn(this.date, this.unix, unix);
    this.#show();
  }
}
