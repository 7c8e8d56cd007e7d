/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressed } from './scripts/compressed.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwind(), compressed()],
  resolve: {
    alias: {
      '@': here('./src'),
      // The original writes a style element, which the content policy forbids.
      'react-remove-scroll': here('./src/lib/remove-scroll.tsx'),
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    // The console of a running product; its origin check wants its own address.
    proxy: {
      '/api': {
        target: 'http://127.0.0.1:8090',
        changeOrigin: true,
        configure: (proxy) => proxy.on('proxyReq', (call) => call.setHeader('origin', 'http://127.0.0.1:8090')),
      },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
