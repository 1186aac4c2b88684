// Everything the browser does for itself: listeners only, text through textContent only. What needs state
// asks the server. Loaded in the head without defer, because the theme must be right before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const on = (name, listener, capture = false) => document.addEventListener(name, listener, capture);
  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  // Theme
  function paint() {
    const choice = root.dataset.themeChoice;
    const dark = choice === "dark" || (choice === "auto" && systemDark.matches);
    root.setAttribute("data-bs-theme", dark ? "dark" : "light");
  }
  root.classList.add("js");
  paint();
  systemDark.addEventListener("change", paint);
  on("submit", (event) => {
    if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
    root.dataset.themeChoice = event.submitter.value;
    paint();
    for (const button of event.target.querySelectorAll("[name=theme]")) {
      if (button === event.submitter) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    closeMenu(event.target.closest("[data-menu]"));
  });

  // Toasts
  const texts = () => document.getElementById("toasts").dataset;
  function showToast({ level = "info", text }) {
    const region = document.getElementById("toasts");
    // A page that asks again every second says only once that nobody answers.
    for (const shown of region.querySelectorAll(".notice-text")) if (shown.textContent === text) return;
    const notice = document.getElementById("notice").content.firstElementChild.cloneNode(true);
    notice.classList.add(`notice-${level}`);
    notice.querySelector(".notice-text").textContent = text;
    if (level === "error" || level === "warning") notice.setAttribute("role", "alert");
    else fade(notice);
    region.append(notice);
    while (region.querySelectorAll(".notice").length > 4) region.querySelector(".notice").remove();
  }
  function fade(notice) {
    setTimeout(() => {
      if (notice.matches(":hover, :focus-within")) fade(notice);
      else notice.remove();
    }, 8000);
  }
  on("toasts", ({ detail }) => detail.items.forEach(showToast));
  on("DOMContentLoaded", () =>
    document.querySelectorAll("#toasts .notice:not([role=alert], .notice-warning)").forEach(fade));
  on("click", (event) => closest(event, "[data-dismiss]")?.closest(".notice").remove());

  // What htmx could not do is said, never swallowed.
  on("htmx:responseError", ({ detail: { xhr, requestConfig } }) => {
    const said = xhr.getResponseHeader("X-Portal-Message");
    if (!said && xhr.getResponseHeader("X-Portal-Swap")) return; // the piece itself explains
    const known = { 403: texts().status403, 404: texts().status404 };
    // A proxy says so when the portal behind it does not answer.
    for (const status of [502, 503, 504]) known[status] = noAnswer(requestConfig);
    showToast({ level: "error", text: said ? decoded(said) : known[xhr.status] || texts().statusOther });
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    on(name, ({ detail }) => showToast({ level: "error", text: noAnswer(detail.requestConfig) }));
  }
  // Only what goes out under an operation key is known to be sent once.
  function noAnswer({ verb, parameters }) {
    if (verb === "get") return texts().noAnswer;
    return parameters.operation_key ? texts().noAnswerToForm : texts().noAnswerToInput;
  }
  // A form that was out of date stays as it is and gets a fresh token.
  on("htmx:afterRequest", ({ detail: { xhr } }) => {
    const token = xhr?.getResponseHeader("X-Portal-Token");
    if (!token) return;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = token;
  });
  // What a page says of an earlier attempt is over with the next one.
  on("htmx:beforeSwap", ({ detail: { requestConfig } }) => {
    if (requestConfig.verb === "post" && !requestConfig.parameters.touch) document.getElementById("notice-kept")?.remove();
  });
  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  on("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.getResponseHeader("X-Portal-Swap")) detail.shouldSwap = true;
  });

  // After a form came back with errors the focus goes to what it says.
  on("htmx:afterSettle", ({ detail }) => {
    if (!(detail.xhr?.status >= 400)) return;
    const place = detail.elt?.isConnected ? detail.elt : document.getElementById("main");
    (place?.querySelector("[data-errors]") || place?.querySelector(".is-invalid"))?.focus();
  });
  on("DOMContentLoaded", () => document.querySelector("[data-errors]")?.focus());

  // Questions before what cannot be taken back: data-confirm on a form or a button.
  let agreed = null;
  on("submit", (event) => {
    const { target: form, submitter } = event;
    const asking = [submitter, form].find((each) => each?.hasAttribute("data-confirm"));
    if (!asking) return;
    if (agreed === form) {
      agreed = null;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asking.dataset, () => {
      agreed = form;
      form.requestSubmit(submitter);
      agreed = null;
    });
  }, true);
  function ask({ confirm, confirmLabel, confirmTone }, proceed) {
    const dialog = document.getElementById("confirm");
    const button = dialog.querySelector("[value=ok]");
    dialog.querySelector("#confirm-text").textContent = confirm;
    button.textContent = confirmLabel || button.dataset.default;
    button.classList.toggle("btn-danger", confirmTone === "danger");
    button.classList.toggle("btn-primary", confirmTone !== "danger");
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "ok" && proceed(), { once: true });
    dialog.showModal();
  }

  // A form that waits for its answer says so; its pressed button shows data-sending instead of its own text.
  function startWaiting(form, button) {
    form.setAttribute("aria-busy", "true");
    if (button?.dataset.sending) button.classList.add("is-sending");
  }
  function stopWaiting(form) {
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll(".is-sending")) button.classList.remove("is-sending");
  }
  // A press overtakes what an editor is asking: of two answers "sign in again" only one keeps the input.
  on("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (!elt.matches("form[hx-post]")) return;
    for (const each of elt.querySelectorAll("[hx-post]")) htmx.trigger(each, "htmx:abort");
  });
  on("htmx:beforeSend", ({ detail: { elt, requestConfig } }) => {
    if (elt.matches("form[hx-post]")) startWaiting(elt, requestConfig.triggeringEvent?.submitter);
  });
  on("htmx:afterRequest", ({ detail: { elt } }) => elt.matches("form[hx-post]") && stopWaiting(elt));

  const SENDERS = "button:not([type=button])";
  // A plain form is sent once; htmx forms have hx-disabled-elt. The bubble phase: after the question above.
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (event.submitter?.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "true";
    startWaiting(form, event.submitter);
    // Later, so that the pressed button's own name and value still go out.
    setTimeout(() => {
      for (const button of form.querySelectorAll(SENDERS)) button.disabled = true;
    });
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      stopWaiting(form);
      for (const button of form.querySelectorAll(SENDERS)) button.disabled = false;
    }
  });

  // Enter sends a form by its own button (data-default). Without this the browser would press the first one in
  // it, which is a hidden button for people without script; and in a search it would send instead of search.
  on("keydown", (event) => {
    const { target: input } = event;
    const button = input.matches?.("input") && input.form?.querySelector("[data-default]");
    if (event.key !== "Enter" || event.isComposing || !button) return;
    event.preventDefault();
    if (input.type !== "search" && !button.disabled) input.form.requestSubmit(button);
  });

  // Character counters count characters as people and platforms do, not UTF-16 units.
  on("input", ({ target }) => {
    if (!target.dataset?.counter) return;
    const counter = document.querySelector(`[data-counter-of="${CSS.escape(target.id)}"]`);
    if (!counter) return;
    const count = [...target.value].length;
    counter.textContent = `${count} / ${target.dataset.counter}`;
    counter.classList.toggle("counter-over", count > Number(target.dataset.counter));
  });

  // data-insert puts its text into the input used last inside the nearest data-insert-scope.
  const lastInput = new WeakMap();
  on("focusin", ({ target }) => {
    const scope = target.matches("input, textarea") && target.closest("[data-insert-scope]");
    if (scope) lastInput.set(scope, target);
  });
  on("click", (event) => {
    const button = closest(event, "[data-insert]");
    const scope = button?.closest("[data-insert-scope]");
    if (!scope) return;
    const remembered = lastInput.get(scope);
    const input = remembered?.isConnected ? remembered : scope.querySelector("input:not([type=hidden]), textarea");
    if (!input) return;
    const { selectionStart: start = 0, selectionEnd: end = 0 } = input;
    input.setRangeText(button.dataset.insert, start, end, "end");
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // data-copy copies its text, or with data-copy-from the text of the element with that id.
  on("click", async (event) => {
    const button = closest(event, "[data-copy], [data-copy-from]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copyFrom);
    try {
      await navigator.clipboard.writeText(source ? (source.value ?? source.textContent) : button.dataset.copy);
      showToast({ level: "success", text: texts().copied });
    } catch {
      showToast({ level: "warning", text: texts().noCopy });
    }
  });

  // Menus are <details>: they open by themselves, and close on a click elsewhere, on Escape, and when left.
  function closeMenu(menu, refocus = false) {
    if (!menu) return;
    menu.open = false;
    if (refocus) menu.querySelector("summary").focus();
  }
  const closeOthers = (event) => {
    const inside = closest(event, "[data-menu]");
    for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== inside) closeMenu(menu);
  };
  on("click", closeOthers);
  on("focusin", closeOthers);
  on("keydown", ({ key, target }) => {
    if (key !== "Escape") return;
    const menu = target.closest("[data-menu][open]") || document.querySelector("[data-menu][open]");
    closeMenu(menu, Boolean(menu));
  });

  // "12 s ago" goes on by itself: data-ago holds the texts for seconds, minutes, hours and days.
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
      const spans = [1, 60, 3600, 86400];
      const unit = spans.findLastIndex((each) => seconds >= each);
      time.textContent = time.dataset.ago.split("|")[Math.max(unit, 0)].replace("#", Math.floor(seconds / spans[Math.max(unit, 0)]));
    }
  }, 5000);
})();
