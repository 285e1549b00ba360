// The owner's devices: the codes and the actions of each.

import { button, find, inWords, make, showCode } from "./dom.js";

const PLACES = { previous: "before", next: "next", later: "after that" };

/** The code at a place of a device. */
export const shown = (device, place) => device.codes.find((entry) => entry.place === place);

/** One device in the list. Its elements are never replaced, so that the focus is not lost. */
class DeviceView {
  constructor(name, actions) {
    this.name = name;
    this.title = make("h4", "", name);
    this.status = make("span", "hint");
    this.code = make("output", "code big");
    this.life = make("p", "hint life");
    const act = (label, action) => {
      const made = button(label, "", () => action(this.device));
      made.setAttribute("aria-label", `${label}, ${name}`);
      return made;
    };
    this.type = act("Type it in", (device) => actions.type(shown(device, "current").code));
    this.press = act("Press its button", actions.press);
    this.enroll = act("Enroll it with this code", actions.enroll);
    this.enroll.className = "primary";
    for (const [kind, made] of Object.entries({ type: this.type, press: this.press, enroll: this.enroll }))
      made.classList.add(kind);
    this.others = make("ul", "other-codes");
    this.rows = new Map();
    for (const [place, words] of Object.entries(PLACES)) {
      const typed = button("Type", "quiet", () => actions.type(shown(this.device, place).code));
      const row = make("li", place, make("span", "code"), make("span", "hint"), typed);
      this.rows.set(place, { row, words });
      this.others.append(row);
    }
    const error = make("p", "error");
    error.setAttribute("aria-live", "polite");
    this.element = make(
      "li",
      "",
      make("div", "head", this.title, this.status),
      this.code,
      this.life,
      make("div", "buttons", this.type, this.press, this.enroll),
      error,
      make("details", "", make("summary", "", "Other codes"), this.others),
    );
    this.element.dataset.device = name;
  }

  show(device) {
    this.device = device;
    this.status.textContent = device.enrolled ? "enrolled" : "not enrolled";
    this.element.classList.toggle("stranger", !device.enrolled);
    showCode(this.code, shown(device, "current").code);
    this.press.hidden = device.kind === "totp";
    this.enroll.hidden = device.enrolled;
    for (const [place, { row, words }] of this.rows) {
      const entry = shown(device, place);
      row.hidden = !entry;
      if (!entry) continue;
      const name = `${device.kind === "totp" ? "Step" : "Counter"} ${entry.moving_factor}, ${words}`;
      const [code, hint, typed] = row.children;
      showCode(code, entry.code);
      hint.textContent = name;
      typed.setAttribute("aria-label", `Type the code of ${name.toLowerCase()}, ${this.name}`);
    }
  }

  run(now) {
    const { kind, span, codes } = this.device;
    const factor = codes.find(({ place }) => place === "current").moving_factor;
    this.life.textContent =
      kind === "totp"
        ? `Step ${factor}, a new code in ${inWords(span[1] - now)}.`
        : `Counter ${factor}, a new code when its button is pressed.`;
  }
}

export class Devices {
  #views = new Map();
  #actions;

  constructor(actions) {
    this.#actions = actions;
  }

  /** Show the devices, and list them in the menus of devices. */
  show(devices) {
    const names = devices.map(({ name }) => name);
    for (const [name, view] of this.#views) {
      if (names.includes(name)) continue;
      view.element.remove();
      this.#views.delete(name);
    }
    for (const device of devices) {
      if (!this.#views.has(device.name)) {
        const view = new DeviceView(device.name, this.#actions);
        this.#views.set(device.name, view);
        find("devices").append(view.element);
      }
      this.#views.get(device.name).show(device);
    }
    const select = find("three-device");
    if ([...select.options].map(({ value }) => value).join() !== names.join()) {
      const { value } = select;
      select.replaceChildren(...names.map((name) => new Option(name)));
      if (names.includes(value)) select.value = value;
    }
  }

  /** Show errors beside the device with this name. */
  mark(name) {
    for (const [other, view] of this.#views)
      if (other === name) view.element.dataset.field = "device";
      else delete view.element.dataset.field;
  }

  run(now) {
    for (const view of this.#views.values()) view.run(now);
  }
}
