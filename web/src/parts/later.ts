// Tables as jobs: asked for, watched, cancelled, fetched. They go on when the page is closed.
import { api, got, type Schema } from '@/api/client'
import { count } from '@/show'
import { t } from '@/text'

export type Job = Schema['Job']
export type TableKind = Extract<Job['kind'], 'findings-export' | 'register-export' | 'register-import'>
/** The header that makes a job of a table. */
export const LATER = { Prefer: 'respond-async' } as const
const TABLES: readonly string[] = ['findings-export', 'register-export', 'register-import'] satisfies TableKind[]

export const isTable = (job: Job) => TABLES.includes(job.kind)
export const isOver = (job: Job) => !['waiting', 'running', 'cancelling'].includes(job.state)

/** The newest of one's tables of a kind from one run or register. */
export async function tablesOf(kind: TableKind, of: string, person: string): Promise<Job[]> {
  const { items } = await got(api.GET('/api/v1/jobs'))
  return items.filter(job => job.kind === kind && job.person === person && (job.arguments['run'] ?? job.arguments['register']) === of)
}
export const jobOf = (id: string) => got(api.GET('/api/v1/jobs/{job}', { params: { path: { job: id } } }))
export const cancelled = (id: string) => got(api.POST('/api/v1/jobs/{job}/cancellation', { params: { path: { job: id } }, body: {} }))
/** Until it is over, told each time it is looked at: soon at first, then twice a second. is_gone: the page is. */
export async function watched(job: Job, told: (job: Job) => void, isGone: () => boolean): Promise<Job> {
  for (let pause = 100; !isOver(job) && !isGone(); pause = Math.min(pause * 1.5, 500)) {
    await new Promise(resolve => setTimeout(resolve, pause))
    if (!isGone()) told((job = await jobOf(job.id)))
  }
  return job
}
/** The file, or the refusal it came to, thrown. */
export const fileOf = (job: Job) => got(api.GET('/api/v1/jobs/{job}/answer', { params: { path: { job: job.id } }, parseAs: 'blob' })) as Promise<Blob>
export const importOf = (job: Job) => got(api.GET('/api/v1/jobs/{job}/answer', { params: { path: { job: job.id } } })) as Promise<Schema['Import']>

/** How far it is: "1,200" or "1,200 / 5,000" rows. */
export function rowsOf(job: Job): string {
  const [n, all] = job.progress.split('/')
  if (!n) return ''
  return all ? t('tables.rowsof', { n: count(Number(n)), all: count(Number(all)) }) : t('tables.rows', { n: count(Number(n)) })
}
