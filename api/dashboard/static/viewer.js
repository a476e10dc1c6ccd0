// The viewer of this page, as the server wrote it into the body.

const { account, role, may: permissions } = document.body.dataset;

export const viewer = { id: account, role };

/** Whether the viewer's role holds a permission. Only decides what is offered; the server decides what is done. */
export function may(permission) {
  return permissions.split(" ").includes(permission);
}
