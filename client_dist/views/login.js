// The door: in front of it what is behind it, and a form.

import { html } from "../html.js";
import { form, notice } from "../parts/form.js";
import { link } from "../router.js";

/** The two views that need no login stand side by side with the same picture. */
export function door({ heading, intro, body, turn }) {
  return html`
    <div class="door">
      <div class="screen">
        <div class="beam" aria-hidden="true"></div>
        <p class="slogan">Every film<br>was once <em>light.</em></p>
        <p class="pitch">A film database, kept with care: search it, keep your favourites, and add pictures of your own.</p>
      </div>
      <section class="entry">
        <h1>${heading}</h1>
        <p class="intro">${intro}</p>
        ${body}
        <p class="turn">${turn}</p>
      </section>
    </div>
  `;
}

export function view(site, { query }) {
  const next = query.get("next") ?? "";
  const said = site.notice;
  site.notice = "";
  const node = door({
    heading: "Log in",
    intro: "Good to see you again.",
    body: [
      said && html`<div role="status">${notice(said)}</div>`,
      form({
        fields: [
          { name: "Username", label: "User name", autocomplete: "username", required: true },
          {
            name: "Password",
            label: "Password",
            type: "password",
            autocomplete: "current-password",
            required: true,
          },
        ],
        submit: "Log in",
        // Whether a name or a password can be right is not for this form to say.
        check: (values) => filled(values),
        send: ({ Username, Password }) => site.account.logIn(Username, Password),
      }),
    ],
    turn: html`<span>New here? <a href=${link("/register", { next })}>Create an account</a></span>`,
  });
  return { title: "Log in", node };
}

function filled({ Username, Password }) {
  const problems = {};
  if (!Username) problems.Username = "Enter your user name.";
  if (!Password) problems.Password = "Enter your password.";
  return problems;
}
