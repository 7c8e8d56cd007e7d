import { ProblemError } from '@/api/problem';
import { ErrorState } from './error-state';
import { Page } from './page';

/** For a page that the role does not open; the server would refuse its data anyway. */
export function ForbiddenPage({ title }: { title: string }) {
  return (
    <Page title={title}>
      <ErrorState fault={new ProblemError({ status: 403, code: 'forbidden' })} />
    </Page>
  );
}
