// The stored state of a user, in plain words, with marks on changed values.

import { make, times, utc } from "./dom.js";

const WAIT = "Next code is checked";
const WAIT_THREE = "Next three codes are checked";

/** Describe the throttle of a user: each value by its name. */
function ofUser(state) {
  return new Map([
    ["Consecutive wrong codes", String(state.failures)],
    [WAIT, state.retry_at === null ? "now" : `${utc(state.retry_at)}, UTC`],
    ["Wrong codes left before a wait of hours", `${state.guesses_left} of ${state.guesses}`],
    ["Near misses left with three codes", `${state.near_misses_left} of ${state.near_misses}`],
    ...(state.three_retry_at === null ? [] : [[WAIT_THREE, `${utc(state.three_retry_at)}, UTC`]]),
  ]);
}

/** Describe a device: each value by its name. */
function ofDevice(device) {
  const { streak } = device;
  const side = streak ? (streak > 0 ? ", ahead" : ", behind") : "";
  const timed = [
    ["Drift of the device’s clock", times(device.drift, "step")],
    ["Drift that three codes proved", times(device.anchor, "step")],
    ["Consecutive codes on one side", `${Math.abs(streak)} of ${device.streak_limit}${side}`],
  ];
  return new Map([
    [
      device.kind === "totp" ? "Lowest step that can be accepted" : "Lowest counter that can be accepted",
      device.exhausted ? "none: the last is spent" : device.watermark,
    ],
    ...(device.kind === "totp" ? timed : []),
    ["Enrollment id", device.enrollment_id],
    ["Fingerprint of the credential", device.fingerprint],
  ]);
}

/** Show values in rows, and mark those that have changed (`before` is null if there is nothing to compare). */
function show(list, before, now) {
  const rows = [...now].map(([name, value]) => {
    const cell = make("dd", "mono", value);
    const row = make("div", "", make("dt", "", name), cell);
    const was = before?.get(name);
    if (before && was !== value && was !== undefined) {
      row.className = "changed";
      if (name !== WAIT) cell.append(" ", make("span", "was", `changed, was ${was}`));
    }
    if (name === WAIT) cell.append(make("span", "was left"));
    return row;
  });
  list.replaceChildren(...rows);
}

/** Show a state, and mark the values that differ from the previous state (null at first). */
export function showState(list, devices, before, state, forget) {
  show(list, before && ofUser(before), ofUser(state));
  const old = new Map(before?.devices.map((device) => [device.name, device]));
  const shown = new Map([...devices.children].map((section) => [section.dataset.name, section]));
  for (const [name, section] of shown)
    if (!state.devices.some((device) => device.name === name)) section.remove();
  for (const device of state.devices) {
    let section = shown.get(device.name);
    if (!section?.isConnected) {
      const title = make("h4", "", `Device “${device.name}”`);
      section = make("section", "stored", make("div", "head", title, forget(device.name)), make("dl", "state"));
      section.dataset.name = device.name;
      devices.append(section);
    }
    const was = old.get(device.name);
    show(section.lastChild, was ? ofDevice(was) : null, ofDevice(device));
  }
}
