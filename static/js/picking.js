// Selecting rows of a list: all of a page at once, and how many they are. The boxes themselves stay selected
// when the list updates, because htmx preserves them by their ids. Without script the boxes work all the same.
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
  document.addEventListener("change", ({ target }) => {
    if (target.id === "pick-all") for (const box of boxes()) box.checked = target.checked;
    if (target.id === "pick-all" || target.name === "pick") tell();
  });
  for (const name of ["DOMContentLoaded", "htmx:afterSwap", "htmx:afterSettle"]) document.addEventListener(name, tell);
  addEventListener("pageshow", tell);
})();
