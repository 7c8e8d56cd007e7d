// The control plane's public API, as any script would call it.

export class Control {
  #base;
  #token;

  constructor(console) {
    this.#base = `${console}/api/v1`;
  }

  async signIn(email, password) {
    this.#token = (await this.post('/auth/login', { email, password })).token;
  }

  get = (path) => this.#call('GET', path);
  post = (path, body) => this.#call('POST', path, body);
  put = (path, body) => this.#call('PUT', path, body);
  patch = (path, body) => this.#call('PATCH', path, body);
  delete = (path) => this.#call('DELETE', path);

  /** The answer, or undefined where the API says there is none (yet). */
  async find(path) {
    const { status, body } = await this.#send('GET', path);
    return status === 404 ? undefined : this.#check('GET', path, status, body);
  }

  async #call(method, path, body) {
    const answer = await this.#send(method, path, body);
    return this.#check(method, path, answer.status, answer.body);
  }

  async #send(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, body: await response.text() };
  }

  #check(method, path, status, body) {
    if (status < 200 || status > 299) {
      throw new Error(`${method} ${path} answered ${status} ${body}`);
    }
    return body ? JSON.parse(body) : undefined;
  }
}
