// A moment in two synchronized fields: a date with a time of day in UTC, and Unix seconds.

/** Synchronize both fields; `changed` is called after each change by the user. */
export function keepTogether(date, unix, changed) {
  date.addEventListener("input", () => {
    const milliseconds = Date.parse(`${date.value}Z`);
    if (!Number.isNaN(milliseconds)) unix.value = String(Math.floor(milliseconds / 1000));
    changed();
  });
  unix.addEventListener("input", () => {
    follow(date, unix);
    changed();
  });
}

/** Show the Unix seconds as a date, or nothing if the date does not exist. */
function follow(date, unix) {
  const text = unix.value.trim();
  const moment = new Date(/^[0-9]+(\.[0-9]+)?$/.test(text) ? Math.floor(Number(text)) * 1000 : NaN);
  date.value = Number.isNaN(moment.getTime()) ? "" : moment.toISOString().slice(0, -5).replace(/^\+0*/, "");
}

/** Fill in a moment, in Unix seconds. */
export function fillIn(date, unix, seconds) {
  unix.value = String(seconds);
  follow(date, unix);
}

/** Return the moment by the clock of this machine, in whole Unix seconds. */
export const thisMoment = () => Math.floor(Date.now() / 1000);
