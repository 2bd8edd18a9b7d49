import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark' | 'system'
const dark = matchMedia('(prefers-color-scheme: dark)')
const kept = localStorage.getItem('theme')
export const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system')
export const isDark = ref(false)

function apply(): void {
  isDark.value = theme.value === 'dark' || (theme.value === 'system' && dark.matches)
  document.documentElement.classList.toggle('dark', isDark.value)
}
watchEffect(() => {
  localStorage.setItem('theme', theme.value)
  apply()
})
dark.addEventListener('change', apply)
