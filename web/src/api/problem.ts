import type { components } from './schema.gen';

type Problem = components['schemas']['Problem'];
export type FieldError = components['schemas']['FieldError'];

/** An answer that was no success, or none at all (status 0). */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly errors: readonly FieldError[];
  readonly retryAfter: number | undefined;

  constructor(problem: Partial<Problem> & { status: number; code: string }, retryAfter?: number) {
    super(problem.title ?? problem.code);
    this.name = 'ProblemError';
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail ?? '';
    this.requestId = problem.request_id;
    this.errors = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }

  static unreachable(): ProblemError {
    return new ProblemError({ status: 0, code: 'unreachable' });
  }

  static from(body: unknown, response: Response): ProblemError {
    const problem = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
    const wait = Number(response.headers.get('retry-after'));
    return new ProblemError(
      {
        ...problem,
        status: response.status,
        code: problem.code ?? 'internal_error',
        request_id: problem.request_id ?? response.headers.get('x-request-id') ?? undefined,
      },
      wait > 0 ? wait : undefined,
    );
  }
}

/** True for what the next try may well bring: a lost connection, a server that is away, too much at once. */
export const isPassing = (fault: unknown) =>
  fault instanceof ProblemError && (fault.status === 0 || fault.status >= 502 || fault.status === 429);
