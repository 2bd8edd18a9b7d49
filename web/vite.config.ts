import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import type { GetModuleInfo } from 'rollup'
import { defineConfig } from 'vite'

const main = fileURLToPath(new URL('./src/main.ts', import.meta.url))
const firstPage = new Set<string>()
/** All that the first page needs: what main.ts reaches without an import(). */
function reach(id: string, getModuleInfo: GetModuleInfo): void {
  if (firstPage.has(id)) return
  firstPage.add(id)
  getModuleInfo(id)?.importedIds.forEach(next => reach(next, getModuleInfo))
}
/** Few files instead of dozens of a few hundred bytes: the controls, the calendar, the charts; each page its own. */
function chunkOf(id: string, { getModuleInfo }: { getModuleInfo: GetModuleInfo }): string | undefined {
  if (firstPage.size === 0) reach(main, getModuleInfo)
  if (id === main) return undefined
  if (firstPage.has(id)) return 'first' // said, or the bundler takes what `controls` needs of it along there
  if (!/node_modules|\/src\/parts\//.test(id) || /node_modules\/(echarts|zrender|tslib)\/|parts\/(charts|axes|ChartCard)/.test(id)) return undefined
  return /node_modules\/dayjs|components\/(date|time)-picker|parts\/FieldInput/.test(id) ? 'calendar' : 'controls'
}

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rollupOptions: { output: { manualChunks: chunkOf } },
  },
  // A developer's own server: pages from here, everything else from `shouhu serve`.
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
