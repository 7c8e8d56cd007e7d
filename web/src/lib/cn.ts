import { clsx, type ClassValue } from 'clsx';
import { twMerge } from 'tailwind-merge';

/** Class names put together; of two that say the same thing, the later one counts. */
export const cn = (...names: ClassValue[]) => twMerge(clsx(names));
