// How numbers, times and states are said. Pure functions, no page.

const minus = "\u2212";
export const unknown = "\u2014";

/** A number with fixed decimals and a true minus sign, or a dash. */
export function number(value, decimals) {
  if (value === undefined || value === null) return unknown;
  return value.toFixed(decimals).replace("-", minus);
}

/** [before, after] the decimal point: the page sets them in two sizes. */
export function splitNumber(value, decimals) {
  const text = number(value, decimals);
  const point = text.indexOf(".");
  return point < 0 ? [text, ""] : [text.slice(0, point), text.slice(point)];
}

/** A count with thousands set apart. */
export function count(value) {
  return Math.round(value).toLocaleString("en");
}

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit > 0 && value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Milliseconds as "now", "3 s ago", "4 min ago", … */
export function ago(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "now";
  if (seconds < 90) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 36) return `${hours} h ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** The date and time in the reader's own way; the date only when it is not today's. */
export function moment(milliseconds, now) {
  const date = new Date(milliseconds);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  if (date.toDateString() === new Date(now).toDateString()) return time;
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${time}`;
}

/** "LivingRoom04" as "Living Room"; an id of another make stays as it is. */
export function title(id) {
  const match = /^((?:[A-Z][a-z]+)+)\d*$/.exec(id);
  return match ? match[1].replace(/([a-z])([A-Z])/g, "$1 $2") : id;
}

const qualities = {
  absent: "No sensor found",
  nack: "Sensor does not answer",
  crc: "Sensor data arrives damaged",
  range: "Sensor reports impossible values",
  stuck: "Sensor value does not move",
  "power-on": "Sensor has not measured yet",
};

/** What is wrong with the sensor, or nothing. */
export function quality(word) {
  if (word === undefined || word === null || word === "ok") return "";
  return qualities[word] ?? `Sensor: ${word}`;
}

/** dBm as strength in words. */
export function signal(dBm) {
  if (dBm >= -60) return "strong";
  if (dBm >= -72) return "good";
  if (dBm >= -82) return "weak";
  return "very weak";
}
