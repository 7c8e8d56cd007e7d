import { CircleAlert } from 'lucide-react';

/** What is wrong with the whole of a form. */
export function FormFault({ text }: { text: string | undefined }) {
  return text ? (
    <p role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-[13px] text-bad">
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden /> {text}
    </p>
  ) : null;
}
