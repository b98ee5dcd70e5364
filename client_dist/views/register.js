// A new account, which is logged in at once.

import { html } from "../html.js";
import { form } from "../parts/form.js";
import { link } from "../router.js";
import { door } from "./login.js";

export function view(site, { query }) {
  const next = query.get("next") ?? "";

  async function send({ Birthday, ...account }) {
    await site.api.register(Birthday ? { ...account, Birthday } : account);
    await site.account.logIn(account.Username, account.Password);
  }

  const node = door({
    heading: "Create an account",
    intro: "It takes a minute, and you are in.",
    body: form({
      fields: [
        {
          name: "Username",
          label: "User name",
          autocomplete: "username",
          hint: "At least 5 letters or digits.",
          required: true,
        },
        {
          name: "Password",
          label: "Password",
          type: "password",
          autocomplete: "new-password",
          hint: "At least 8 characters. A sentence is better than a word.",
          required: true,
        },
        { name: "Email", label: "Email address", type: "email", autocomplete: "email", required: true },
        { name: "Birthday", label: "Birthday", type: "date", autocomplete: "bday" },
      ],
      submit: "Create account",
      send,
    }),
    turn: html`<span>Have an account? <a href=${link("/login", { next })}>Log in</a></span>`,
  });
  return { title: "Create an account", node };
}
