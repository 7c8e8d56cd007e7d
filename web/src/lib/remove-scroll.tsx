import { type ElementType, type ReactNode, type Ref, useEffect } from 'react';

type RemoveScrollProps = {
  as?: ElementType;
  children?: ReactNode;
  ref?: Ref<unknown>;
  allowPinchZoom?: boolean;
  shards?: unknown;
  enabled?: boolean;
};

let locks = 0;

/**
 * Stands in for the package of this name: the page behind a dialog does not scroll. A class does it, so that no style
 * element is written.
 */
export function RemoveScroll({ as: As = 'div', allowPinchZoom, shards, enabled = true, ...rest }: RemoveScrollProps) {
  void allowPinchZoom;
  void shards;
  useEffect(() => {
    if (!enabled) {
      return;
    }
    locks += 1;
    document.documentElement.dataset.locked = 'true';
    return () => {
      locks -= 1;
      if (locks === 0) {
        delete document.documentElement.dataset.locked;
      }
    };
  }, [enabled]);
  return <As {...rest} />;
}

RemoveScroll.classNames = { fullWidth: '', zeroRight: '' };
