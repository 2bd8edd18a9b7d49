// All words of the pages. zh-CN.ts is the list of keys; en.ts must hold every one of them, or the build fails.
import { ref, watchEffect } from 'vue'
import { en } from './en'
import { zh } from './zh-CN'

export type Key = keyof typeof zh
export type Language = 'zh-CN' | 'en'

function stored(): Language {
  const kept = localStorage.getItem('language')
  return kept === 'en' || kept === 'zh-CN' ? kept : 'zh-CN'
}
export const language = ref<Language>(stored())

watchEffect(() => {
  localStorage.setItem('language', language.value)
  document.documentElement.lang = language.value
})

/** The text of a key; {name} in it becomes values.name. */
export function t(key: Key, values?: Record<string, string | number>): string {
  const text: string = (language.value === 'en' ? en : zh)[key]
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text
}

/** The text of a key that is built from a code of the server; the code itself where no text stands for it. */
export function word(prefix: string, code: string | null | undefined): string {
  if (!code) return ''
  const key = `${prefix}.${code.replaceAll(' ', '_')}`
  return key in zh ? t(key as Key) : code
}
