import type { KeyboardEvent } from 'react';
import { cn } from '@/lib/cn';
import type { HealthWindow } from './health-queries';
import { fills, StatusGlyph } from './status-glyph';
import { useWindowText } from './window-text';

export type Cell = { row: number; column: number };

/** Where an arrow key leads; null for keys that are none of the grid's. */
export function moved(from: Cell, key: string, isCtrl: boolean, rows: number, columns: number): Cell | null {
  const { row, column } = from;
  const last = columns - 1;
  switch (key) {
    case 'ArrowLeft':
      return { row, column: Math.max(0, column - 1) };
    case 'ArrowRight':
      return { row, column: Math.min(last, column + 1) };
    case 'ArrowUp':
      return { row: Math.max(0, row - 1), column };
    case 'ArrowDown':
      return { row: Math.min(rows - 1, row + 1), column };
    case 'Home':
      return isCtrl ? { row: 0, column: 0 } : { row, column: 0 };
    case 'End':
      return isCtrl ? { row: rows - 1, column: last } : { row, column: last };
    default:
      return null;
  }
}

export const cellId = ({ row, column }: Cell) => `heat-${row}-${column}`;

type HeatStripProps = {
  row: number;
  rows: number;
  windows: readonly HealthWindow[];
  /** The one cell of the grid that Tab reaches. */
  stop: Cell;
  active: Cell | null;
  onActive: (cell: Cell | null, isKept: boolean) => void;
};

/** 48 half hours, the oldest first. One cell of the whole grid is a tab stop; arrows go on from there. */
export function HeatStrip({ row, rows, windows, stop, active, onActive }: HeatStripProps) {
  const { sentence } = useWindowText();
  const onKeyDown = (event: KeyboardEvent, from: Cell) => {
    const to = moved(from, event.key, event.ctrlKey, rows, windows.length);
    if (to) {
      event.preventDefault();
      onActive(to, true);
      document.getElementById(cellId(to))?.focus();
    }
  };
  return (
    <div
      role="presentation"
      className="grid grid-cols-24 gap-[3px] sm:grid-cols-48 sm:gap-[2px]"
      onMouseLeave={() => onActive(null, false)}
    >
      {windows.map((window, column) => {
        const cell = { row, column };
        return (
          <div
            key={window.starts_at}
            id={cellId(cell)}
            role="gridcell"
            aria-label={sentence(window)}
            tabIndex={stop.row === row && stop.column === column ? 0 : -1}
            onFocus={() => onActive(cell, true)}
            onMouseEnter={() => onActive(cell, false)}
            onClick={() => onActive(cell, true)}
            onKeyDown={(event) => onKeyDown(event, cell)}
            className={cn(
              'flex h-7 min-w-0 cursor-default items-center justify-center rounded-[3px] outline-offset-1',
              fills[window.status],
              window.is_probed && 'opacity-60',
              active?.row === row && active.column === column && 'ring-2 ring-ink ring-offset-1 ring-offset-raised',
            )}
          >
            <StatusGlyph status={window.status} className="size-3" />
          </div>
        );
      })}
    </div>
  );
}
