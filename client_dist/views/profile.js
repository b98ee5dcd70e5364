// Who is logged in, to see, to change and to delete.

import { html } from "../html.js";
import { confirmByWord } from "../parts/dialog.js";
import { form } from "../parts/form.js";
import { link } from "../router.js";

export function view(site, { signal }) {
  const node = html`
    <div class="profile">
      <header class="head"><h1>Profile</h1></header>
      <div class="panel" aria-hidden="true">
        <div class="bone line short"></div>
        <div class="bone line"></div>
        <div class="bone line"></div>
      </div>
    </div>
  `;

  async function load() {
    const user = await site.account.user();
    if (!signal.aborted) show(user);
  }

  function show(user) {
    const favourites = (user.FavoriteMovies ?? []).length;
    node.replaceChildren(
      html`
        <header class="head person">
          <div class="face" aria-hidden="true">${user.Username.slice(0, 1).toUpperCase()}</div>
          <div>
            <h1 tabindex="-1">${user.Username}</h1>
            <p class="count">
              ${user.Email}<span aria-hidden="true"> · </span>
              <a href=${link("/favourites")}>${favourites === 1 ? "1 favourite" : `${favourites} favourites`}</a>
            </p>
          </div>
        </header>
      `,
      html`
        <section class="panel" aria-labelledby="details">
          <div class="side">
            <h2 id="details">Your details</h2>
            <p>What you leave empty stays as it is.</p>
          </div>
          ${form({
            fields: [
              { name: "Username", label: "User name", autocomplete: "username", value: user.Username, required: true },
              { name: "Email", label: "Email address", type: "email", autocomplete: "email", value: user.Email, required: true },
              { name: "Birthday", label: "Birthday", type: "date", autocomplete: "bday", value: (user.Birthday ?? "").slice(0, 10) },
            ],
            submit: "Save",
            send: (values) => save(user, values),
          })}
        </section>
      `,
      html`
        <section class="panel" aria-labelledby="password">
          <div class="side">
            <h2 id="password">Password</h2>
            <p>A sentence is better than a word.</p>
          </div>
          ${form({
            whose: user.Username,
            fields: [
              {
                name: "Password",
                label: "New password",
                type: "password",
                autocomplete: "new-password",
                hint: "At least 8 characters.",
                required: true,
              },
            ],
            submit: "Change the password",
            send: newPassword,
          })}
        </section>
      `,
      html`
        <section class="panel" aria-labelledby="delete">
          <div class="side">
            <h2 id="delete">Delete the account</h2>
            <p>Your details and favourites are gone for good. The pictures that you added stay.</p>
          </div>
          <div><button class="danger" type="button" @click=${() => askToDelete(user)}>Delete my account…</button></div>
        </section>
      `,
    );
  }

  async function save(user, values) {
    const before = { ...user, Birthday: (user.Birthday ?? "").slice(0, 10) };
    const changes = Object.fromEntries(
      Object.entries(values).filter(([name, value]) => value !== "" && value !== before[name]),
    );
    if (Object.keys(changes).length === 0) {
      site.toast("Nothing has changed.");
      return;
    }
    show(await site.account.change(changes));
    site.toast("Your details are saved.");
    node.querySelector("h1").focus();
  }

  async function newPassword({ Password }) {
    show(await site.account.change({ Password }));
    site.toast("Your password is changed.");
    node.querySelector("h1").focus();
  }

  function askToDelete(user) {
    confirmByWord({
      title: "Delete this account?",
      text: "This cannot be undone.",
      word: user.Username,
      label: `Type ${user.Username} to confirm`,
      action: "Delete for good",
      run: () => site.account.remove(),
    });
  }

  return { title: "Profile", node, ready: load() };
}
