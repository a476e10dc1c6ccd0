// A form that the page's script sends. The browser itself must never send one: its fields would stand in the address.

/** Calls `act` when the form is sent. Until then a template keeps the button disabled, which stops Enter as well. */
export function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  form.querySelector("[type=submit]").disabled = false;
}
