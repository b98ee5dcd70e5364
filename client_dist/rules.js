// What an account must be like, said before the API says it. The API decides.

const RULES = {
  Username: [
    [(value) => value.length >= 5, "A user name has at least 5 characters."],
    [(value) => /^[a-z0-9]+$/i.test(value), "A user name has letters and digits only."],
  ],
  Password: [[(value) => value.length >= 8, "A password has at least 8 characters."]],
  Email: [[(value) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value), "This is no email address."]],
  Birthday: [
    [(value) => value >= "1900-01-01", "That is too long ago."],
    [(value) => value <= new Date().toISOString().slice(0, 10), "That is still to come."],
  ],
};

const NAMES = { Username: "user name", Password: "password", Email: "email address" };

/**
 * What is wrong with the fields of a form, by name.
 * @param {Record<string, string>} values
 * @param {string[]} required
 * @returns {Record<string, string>}
 */
export function faults(values, required) {
  const found = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === "") {
      if (required.includes(name)) found[name] = `Enter your ${NAMES[name]}.`;
      continue;
    }
    const broken = (RULES[name] ?? []).find(([holds]) => !holds(value));
    if (broken) found[name] = broken[1];
  }
  return found;
}
