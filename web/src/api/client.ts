// The one way to the server: typed by docs/openapi.yaml, with the session's token on every change.
import createClient, { type Middleware } from 'openapi-fetch'
import { language, t } from '@/text'
import type { components, paths } from './schema'

export type Schema = components['schemas']
export type Problem = Schema['Problem']

/** What the server refused, or that it could not be reached. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
  ) {
    super(problem ? (problem.detail ? t('pair', { name: problem.title, text: problem.detail }) : problem.title) : 'offline')
  }
  get code(): string {
    return this.problem?.code ?? (this.status ? 'http' : 'offline')
  }
}

export const gate = { csrf: '', onLost: null as null | (() => Promise<void>) }

const everyRequest: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', language.value === 'en' ? 'en' : 'zh-CN')
    if (request.method !== 'GET' && gate.csrf) request.headers.set('X-CSRF-Token', gate.csrf)
    return request
  },
}

// A session that ends in the middle of something asks to sign in again above the page and then goes on: whatever
// was typed stays where it is.
async function patient(request: Request): Promise<Response> {
  const again = request.clone()
  let response = await fetch(request)
  if (response.status === 401 && gate.onLost && !request.url.endsWith('/api/v1/session')) {
    await gate.onLost()
    again.headers.set('X-CSRF-Token', gate.csrf)
    response = await fetch(again)
  }
  return response
}

export const api = createClient<paths>({ baseUrl: '', fetch: patient })
api.use(everyRequest)

interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}
/** The answer of a call, or a Refusal thrown. */
export async function got<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>
  try {
    outcome = await call
  } catch {
    throw new Refusal(0, undefined)
  }
  if (!outcome.response.ok) {
    const problem = outcome.error as Problem | undefined
    throw new Refusal(outcome.response.status, problem && typeof problem === 'object' ? problem : undefined)
  }
  return outcome.data as T
}

/** A key that makes a repeated request harmless. */
export function onceKey(): string {
  return crypto.randomUUID()
}
