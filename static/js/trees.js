// The keyboard of a tree (ARIA tree pattern), and branches that come when they are opened. The links do the
// work: they open the same branch on a page of its own where there is no script. The address says what is open.
"use strict";
(() => {
  const ITEM = "[role=treeitem]";
  const on = (name, listener, capture = false) => document.addEventListener(name, listener, capture);
  const tree = () => document.getElementById("tree");
  const itemOf = (target) => (target instanceof Element && target.closest("#tree") ? target.closest(ITEM) : null);
  const row = (item) => item.querySelector(":scope > .tree-row");
  const toggleOf = (item) => row(item).querySelector(".tree-toggle");
  const groupOf = (item) => item.querySelector(":scope > [role=group]");
  const above = (item) => item.parentElement.closest(ITEM);
  const isOpen = (item) => item.getAttribute("aria-expanded") === "true";
  const isClosed = (item) => item.getAttribute("aria-expanded") === "false";
  const isSeen = (item) => !item.parentElement.closest("[aria-expanded=false]");
  const seen = () => [...tree().querySelectorAll(ITEM)].filter(isSeen);

  // One item is a stop of the Tab key, and the links in it; arrows lead to the others.
  let current = null;
  function setStops(item, stop) {
    item.tabIndex = stop;
    for (const link of row(item).querySelectorAll("a:not(.tree-toggle)")) link.tabIndex = stop;
  }
  function makeCurrent(item) {
    if (current?.isConnected) setStops(current, -1);
    current = item;
    setStops(item, 0);
  }
  function focus(item) {
    if (!item) return;
    makeCurrent(item);
    item.focus();
    row(item).scrollIntoView({ block: "nearest" });
  }
  function begin() {
    if (!tree()) return;
    for (const link of tree().querySelectorAll("a")) link.tabIndex = -1;
    const again = itemOf(document.activeElement) || (current && document.getElementById(current.id));
    const item = again && isSeen(again) ? again : tree().querySelector(ITEM);
    if (item) makeCurrent(item);
  }
  on("focusin", ({ target }) => {
    const item = itemOf(target);
    if (item && item !== current) makeCurrent(item);
  });

  // Opening and closing
  function open(item) {
    if (groupOf(item)) setOpen(item, true);
    else toggleOf(item).click();
  }
  function setOpen(item, wanted) {
    item.setAttribute("aria-expanded", wanted);
    if (!wanted && item.contains(document.activeElement)) focus(item);
    keepAddress();
  }
  function keepAddress() {
    const { search, pathname } = location;
    const query = new URLSearchParams(search);
    for (const name of ["open", "branch", "after"]) query.delete(name);
    const open = [...tree().querySelectorAll("[aria-expanded=true]")].filter(isSeen);
    const ends = open.filter((item) => !groupOf(item).querySelector("[aria-expanded=true]"));
    for (const item of ends) query.append("open", item.dataset.branch);
    if (!ends.length) query.append("open", "");
    history.replaceState(history.state, "", `${pathname}?${query}`);
  }
  // What is here already opens and closes here; what is not is asked for by htmx.
  on("click", (event) => {
    const toggle = event.target instanceof Element && event.target.closest(".tree-toggle");
    const item = toggle && itemOf(toggle);
    if (!item || !groupOf(item)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setOpen(item, !isOpen(item));
  }, true);
  on("htmx:beforeRequest", ({ detail: { target } }) => {
    if (target?.matches("#tree li")) target.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", ({ detail: { target } }) => target?.removeAttribute("aria-busy"));

  // What is drawn anew follows the address, which knows what was opened since.
  on("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id === "refresh" && tree()) detail.path = location.pathname + location.search;
  });

  // The focus stays where it was: on the first of what came in place of "Show more", on the branch shown whole.
  let next = null;
  on("htmx:beforeSwap", ({ detail: { target } }) => {
    next = null;
    if (!tree()?.contains(target) || !target.contains(document.activeElement)) return;
    if (target.matches("li:not([data-branch])")) next = seen().indexOf(target);
    else if (target.matches("ul")) next = seen().indexOf(above(target));
  });
  on("htmx:afterSwap", ({ detail: { target } }) => {
    if (target.matches("#tree li[data-branch]") && groupOf(target)) setOpen(target, true);
  });
  on("htmx:afterSettle", () => {
    begin();
    if (next !== null && tree()) focus(seen()[next]);
    next = null;
  });

  // Keys
  let typed = "", typedAt = 0;
  function find(letter, item) {
    typed = Date.now() - typedAt < 700 ? typed + letter : letter;
    typedAt = Date.now();
    const items = seen(), text = typed.toLocaleLowerCase();
    // One letter goes on to the next of that letter; more of them may mean this one.
    const start = items.indexOf(item) + (typed.length > 1 ? 0 : 1);
    const around = [...items.slice(start), ...items.slice(0, start)];
    focus(around.find((each) => nameOf(each).startsWith(text)));
  }
  const nameOf = (item) => (row(item).querySelector(".tree-link, .tree-branch")?.textContent || "").trim().toLocaleLowerCase();
  const KEYS = {
    ArrowDown: (item, items) => focus(items[items.indexOf(item) + 1]),
    ArrowUp: (item, items) => focus(items[items.indexOf(item) - 1]),
    Home: (item, items) => focus(items[0]),
    End: (item, items) => focus(items[items.length - 1]),
    ArrowRight: (item) => {
      if (isClosed(item)) open(item);
      else if (isOpen(item)) focus(groupOf(item).querySelector(ITEM));
    },
    ArrowLeft: (item) => (isOpen(item) ? setOpen(item, false) : focus(above(item))),
  };
  on("keydown", (event) => {
    const item = itemOf(event.target);
    if (!item || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const { key } = event;
    if (key.length > 1) typedAt = 0; // letters make a word only if nothing else was pressed between them
    if (KEYS[key]) KEYS[key](item, seen());
    else if ((key === "Enter" || key === " ") && event.target === item) press(item);
    else if (key.length === 1 && key !== " " && event.target === item) find(key, item);
    else return;
    event.preventDefault();
  });
  function press(item) {
    const link = row(item).querySelector(".tree-link");
    if (link) link.click();
    else if (isOpen(item)) setOpen(item, false);
    else if (isClosed(item)) open(item);
  }

  on("DOMContentLoaded", begin);
})();
