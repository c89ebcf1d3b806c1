// How the page writes: numbers, instants, lengths of time, and elements of itself.
"use strict";

const $ = (id) => document.getElementById(id);
const percent = (vol) => (vol * 100).toFixed(1) + "%";
const signed = (number) => (number >= 0 ? "+" : "−") + Math.abs(number).toFixed(1);
const points = (spread) => signed(spread * 100);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
// Canvases write as large as the page does: on a wall, or for who asked for it.
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const font = (size) => `${size * scale() * devicePixelRatio}px system-ui, sans-serif`;
const name = (leg) => `${leg.symbol} ${leg.measure} ${leg.window}`;
// What tells a leg from the other: its symbol, or of one symbol what was measured.
const short = ({ left, right }, side) => {
  const { symbol, measure } = side === "left" ? left : right;
  return left.symbol === right.symbol ? measure : symbol;
};
const origin = (leg) => (leg.origin === "published" ? "as published" : leg.origin);

function age(seconds) {
  if (seconds === null) return "never";
  const steps = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  for (const [length, unit] of steps) {
    if (seconds >= length) return Math.floor(seconds / length) + " " + unit;
  }
  return "0 s";
}

function when(iso) {
  return new Date(iso).toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
