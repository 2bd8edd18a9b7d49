// Who is signed in, in which role, and what that lets them open.
import { computed, reactive, readonly } from 'vue'
import { api, gate, got, Refusal, type Schema } from '@/api/client'

type Session = Schema['Session']
const state = reactive({
  session: null as Session | null,
  login: sessionStorage.getItem('login') ?? '',
  isLost: false,
})
export const session = readonly(state)

export const grants = computed(() => state.session?.grants ?? [])
export const isReady = computed(
  () => !!state.session && !state.session.must_change_password && !state.session.needs_second_factor,
)
export function may(power: string): boolean {
  return state.session?.powers.includes(power) ?? false
}
export function hasRole(...roles: string[]): boolean {
  return grants.value.some(grant => roles.some(role => grant.role === role || (role.endsWith('.') && grant.role.startsWith(role))))
}

export function took(found: Session): void {
  state.session = found
  gate.csrf = found.csrf
}
export function remember(login: string): void {
  state.login = login
  sessionStorage.setItem('login', login)
}

declare global {
  interface Window {
    /** what public/ahead.js has asked */
    sessionAsked?: Promise<Response>
  }
}
/** Is somebody signed in already? */
export async function resume(): Promise<void> {
  const asked = window.sessionAsked
  try {
    took(await got(api.GET('/api/v1/session', asked ? { fetch: () => asked } : {})))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    state.session = null
  }
}

export async function signOut(): Promise<void> {
  await got(api.DELETE('/api/v1/session'))
  sessionStorage.clear()
  state.session = null
  gate.csrf = ''
}

let whoWaits: (() => void)[] = []
gate.onLost = () => {
  state.isLost = true
  return new Promise<void>(resolve => whoWaits.push(resolve))
}
export function backAgain(found: Session): void {
  took(found)
  state.isLost = false
  const waiting = whoWaits
  whoWaits = []
  waiting.forEach(resolve => resolve())
}
