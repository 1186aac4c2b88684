// Selecting rows of a list: all of a page at once, how many they are, and that an update of the list keeps what
// is selected of the rows that are still there. Without script nothing updates, and the boxes work all the same.
"use strict";
(() => {
  const boxes = () => [...document.querySelectorAll("#rows input[name=pick]")];
  function tell() {
    const [all, told] = [document.getElementById("pick-all"), document.getElementById("picked")];
    if (!told) return;
    const every = boxes();
    const count = every.filter((box) => box.checked).length;
    all.checked = count > 0 && count === every.length;
    all.indeterminate = count > 0 && count < every.length;
    const text = count ? told.dataset.some.replace("#", count) : told.dataset.none;
    if (told.textContent !== text) told.textContent = text;
  }
  // Not hx-preserve: htmx keeps such elements in one with an inline style, which the content policy refuses.
  let before = new Map();
  document.addEventListener("htmx:beforeSwap", () => {
    before = new Map(boxes().map((box) => [box.value, box.checked]));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of boxes()) box.checked = before.get(box.value) ?? box.checked;
    tell();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.id === "pick-all") for (const box of boxes()) box.checked = target.checked;
    if (target.id === "pick-all" || target.name === "pick") tell();
  });
  document.addEventListener("DOMContentLoaded", tell);
  addEventListener("pageshow", tell);
})();
