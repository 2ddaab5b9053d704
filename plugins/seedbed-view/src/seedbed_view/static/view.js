// Keys: j and k go through rows, n and p through pages, g and b rate a row, l labels it, / searches.
"use strict";

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

function step(by) {
  const links = [...document.querySelectorAll("table.rows tbody th a")];
  if (!links.length) {
    follow(by > 0 ? "a[rel=next]" : "a[rel=prev]");
    return;
  }
  const now = links.indexOf(document.activeElement);
  const next = links[Math.max(0, Math.min(links.length - 1, now + by))];
  next.focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  n: () => follow("a[rel=next]"),
  p: () => follow("a[rel=prev]"),
  g: () => document.getElementById("good")?.click(),
  b: () => document.getElementById("bad")?.click(),
  l: () => document.getElementById("label")?.focus(),
  "/": () => document.getElementById("words")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
