/** The real product and its API, as the tests of the SDKs start and call them. */
export type Product = { console: string; gateway: string; output: string; stop: () => Promise<unknown> };

export type Control = {
  signIn: (email: string, password: string) => Promise<void>;
  get: (path: string) => Promise<Record<string, never>>;
  post: (path: string, body?: unknown) => Promise<{ id: string }>;
  patch: (path: string, body: unknown) => Promise<unknown>;
};

type ProductModule = {
  startProduct: (...args: string[]) => Promise<Product>;
  admin: { email: string; password: string };
};

const folder = '../../tests/sdk/lib';
const product = (await import(`${folder}/product.mjs`)) as ProductModule;
const control = (await import(`${folder}/control.mjs`)) as { Control: new (console: string) => Control };

export const { startProduct, admin } = product;

/** The API, signed in as the admin. */
export async function controlOf(console: string): Promise<Control> {
  const api = new control.Control(console);
  await api.signIn(admin.email, admin.password);
  return api;
}

export const people = {
  member: { email: 'member@example.com', password: 'a long password of a member', role: 'member' },
  auditor: { email: 'auditor@example.com', password: 'a long password of an auditor', role: 'auditor' },
};
