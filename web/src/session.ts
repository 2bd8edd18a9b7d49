// Who is signed in, in which role, and what that lets them open.
import { computed, reactive, readonly } from 'vue'
import { api, gate, got, Refusal, type Schema } from '@/api/client'

type Session = Schema['Session']
const state = reactive({
  session: null as Session | null,
  login: sessionStorage.getItem('login') ?? '',
  bodies: {} as Record<string, string>,
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
  void nameBodies()
}
export function remember(login: string): void {
  state.login = login
  sessionStorage.setItem('login', login)
}

async function nameBodies(): Promise<void> {
  if (!isReady.value || !may('registers.read')) return
  for (const { body } of grants.value) {
    if (state.bodies[body]) continue
    try {
      const page = await got(
        api.GET('/api/v1/registers/{register}/records', {
          params: { path: { register: 'bodies' }, query: { code: body, limit: 1 } as never },
        }),
      )
      state.bodies[body] = String(page.items[0]?.fields['name'] ?? body)
    } catch {
      state.bodies[body] = body
    }
  }
}

/** Is somebody signed in already? */
export async function resume(): Promise<void> {
  try {
    took(await got(api.GET('/api/v1/session')))
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
