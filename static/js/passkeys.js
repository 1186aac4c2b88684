// Forms that make or use a passkey: the browser asks its person, and the form takes the answer along.
// `webauthnJSON` comes with allauth.
"use strict";
(() => {
  const start = {
    // Its own key may stand for the password only if it can be found without a name, and asks for a finger or PIN.
    async add(form) {
      const options = JSON.parse(form.dataset.options).creation_options;
      const alone = form.querySelector("[name=passwordless]").checked;
      Object.assign(options.publicKey.authenticatorSelection, {
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        ...(alone ? { userVerification: "required" } : {}),
      });
      return webauthnJSON.create(options);
    },
    async use(form) {
      return webauthnJSON.get(JSON.parse(form.dataset.options).request_options);
    },
    async "sign-in"(form) {
      const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      return webauthnJSON.get((await answer.json()).request_options);
    },
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-passkey]") || form.dataset.asked) return;
    event.preventDefault();
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    try {
      form.querySelector("[name=credential]").value = JSON.stringify(await start[form.dataset.passkey](form));
    } catch {
      problem.hidden = false; // refused, taken too long, or not possible with this browser: it does not say
      problem.focus();
      return;
    }
    form.dataset.asked = "true";
    form.submit();
  });
})();
