import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import MyWork from '@/pages/MyWork.vue'
import { isReady, may } from '@/session'
import type { Key } from '@/text'

declare module 'vue-router' {
  interface RouteMeta {
    title?: Key
    /** without navigation around it */
    bare?: boolean
    /** power that is needed to open it */
    need?: string
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/sign-in', component: () => import('@/shell/SignIn.vue'), meta: { title: 'signin.title', bare: true } },
  { path: '/', redirect: '/work' },
  { path: '/work', component: MyWork, meta: { title: 'nav.work' } },
  { path: '/account', component: () => import('@/pages/AccountPage.vue'), meta: { title: 'nav.account' } },
  { path: '/findings', component: () => import('@/pages/desk/FindingsDesk.vue'), meta: { title: 'nav.findings', need: 'findings.read' } },
  { path: '/portal', component: () => import('@/pages/portal/PortalPage.vue'), meta: { title: 'nav.portal', need: 'selfcheck.run' } },
  { path: '/review', component: () => import('@/pages/matters/ReviewDesk.vue'), meta: { title: 'nav.review', need: 'matters.read' } },
  { path: '/matters', component: () => import('@/pages/matters/MattersPage.vue'), meta: { title: 'nav.matters', need: 'matters.read' } },
  { path: '/matters/:matter', component: () => import('@/pages/matters/MatterPage.vue'), meta: { title: 'nav.matters', need: 'matters.read' } },
  { path: '/rules', component: () => import('@/pages/rules/RulesPage.vue'), meta: { title: 'nav.rules', need: 'findings.read' } },
  { path: '/rules/:rule', component: () => import('@/pages/rules/RulePage.vue'), meta: { title: 'nav.rules', need: 'findings.read' } },
  { path: '/knowledge', component: () => import('@/pages/rules/KnowledgeList.vue'), meta: { title: 'nav.knowledge', need: 'findings.read' } },
  { path: '/knowledge/:table', component: () => import('@/pages/rules/KnowledgePage.vue'), meta: { title: 'nav.knowledge', need: 'findings.read' } },
  { path: '/glance', component: () => import('@/pages/glance/GlancePage.vue'), meta: { title: 'nav.glance', need: 'findings.read' } },
  { path: '/admin/:tab?', component: () => import('@/pages/admin/AdminPage.vue'), meta: { title: 'nav.admin' } },
  {
    path: '/registers',
    component: () => import('@/pages/registers/RegisterList.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  {
    path: '/registers/:register',
    component: () => import('@/pages/registers/RegisterPage.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  {
    path: '/registers/:register/new',
    component: () => import('@/pages/registers/RecordEdit.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  {
    path: '/registers/:register/import',
    component: () => import('@/pages/registers/RegisterImport.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  {
    path: '/registers/:register/:record',
    component: () => import('@/pages/registers/RecordPage.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  {
    path: '/registers/:register/:record/edit',
    component: () => import('@/pages/registers/RecordEdit.vue'),
    meta: { title: 'nav.registers', need: 'registers.read' },
  },
  { path: '/:rest(.*)*', component: () => import('@/pages/NotFound.vue'), meta: { title: 'notfound.title' } },
]

export const router = createRouter({ history: createWebHistory(), routes })

router.beforeEach(to => {
  if (to.path === '/sign-in') return true
  if (!isReady.value) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  if (to.meta.need && !may(to.meta.need)) return { path: '/work', query: { refused: to.path } }
  return true
})
